"""How are files read and written safely?"""
