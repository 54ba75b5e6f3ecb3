"""The network, its LightningModule, and its optimizer."""
