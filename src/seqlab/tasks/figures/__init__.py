"""What does a task draw?"""
