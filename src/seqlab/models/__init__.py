"""What is trained? The network, the one LightningModule, its optimizer."""
