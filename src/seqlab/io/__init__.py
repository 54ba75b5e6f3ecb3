"""Reading and writing files safely, the terminal, and the devices of the machine."""
