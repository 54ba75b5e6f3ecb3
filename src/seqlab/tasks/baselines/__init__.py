"""What must a network beat?"""
