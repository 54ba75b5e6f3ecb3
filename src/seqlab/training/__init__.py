"""How does one run come about?"""
