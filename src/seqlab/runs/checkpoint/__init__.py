"""What does a checkpoint hold, and may it be believed?"""
