"""From one vector a sequence to an answer."""

from torch import Tensor, nn


class LinearHead(nn.Module):
    """Dropout, then a linear map, [B, H] to [B, output_size]: logits of classes, or a forecast.

    Args:
        input_size: width of the pooled outputs.
        output_size: number of answers.
        dropout: share of the pooled outputs set to zero while training.
    """

    def __init__(self, input_size: int, output_size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(input_size, output_size)

    def forward(self, pooled: Tensor) -> Tensor:
        """Answer, [B, H] to [B, output_size]."""
        answer: Tensor = self.linear(self.dropout(pooled))
        return answer
