"""A data set, a task, an encoder, a pooling, a callback, a logger, a metric and an optimizer of your own."""

import torch
from lightning.pytorch import Callback
from lightning.pytorch.loggers import CSVLogger
from torch import nn
from torchmetrics.classification import MulticlassCohenKappa

import seqlab
from seqlab.data import TextData
from seqlab.functional.lengths import without_padding


@seqlab.register_dataset("bits")
class Bits(TextData):  # fields are settings: data.numbers=1000
    numbers: int = 400

    def records(self):  # texts and their classes
        for text in (f"{number * 7919 % 10007:b}" for number in range(self.numbers)):
            yield text, "even" if text.count("1") % 2 == 0 else "odd"


@seqlab.register_task("focal")
class Focal(seqlab.Classification):  # task.gamma=1; *data: what seqlab passes, classes and class counts
    scores = (*seqlab.Classification.scores, seqlab.Score("worst_recall", "worst recall", each_epoch=True))

    def __init__(self, *data, gamma: float = 2.0, **settings):
        super().__init__(*data, **settings)
        self.gamma = gamma

    def loss(self, logits, target):  # [B, C] and [B], where −1 only fills a batch and does not count
        valid = target >= 0
        log_p = logits.log_softmax(1).gather(1, target.clamp(min=0)[:, None])[:, 0]
        return -((1 - log_p.exp()) ** self.gamma * log_p * valid).sum() / valid.sum().clamp(min=1)

    def compute(self, stage):
        counts = self.counts(stage).double()
        recalls = counts.diagonal() / counts.sum(1).clamp(min=1)  # 0 for a class without samples
        return super().compute(stage) | {"worst_recall": float(recalls.min())}

    def baselines(self, data, *, fitted):
        return super().baselines(data, fitted=fitted) | {"coin": {"test/accuracy": 0.5}}


@seqlab.register_encoder("bounded")
class Bounded(nn.Module):  # model.encoder_options.width=4
    reads = "tokens"

    def __init__(self, inputs, *, width: int = 8):
        super().__init__()
        self.output_size, self.table = width, nn.Embedding(inputs.size, width)

    def forward(self, x):  # [B, T] to [B, T, width]
        return self.table(x).tanh()

    def onnx(self, graph, x):
        return graph.add("Tanh", graph.add("Gather", graph.constant("table", self.table.weight), x))


@seqlab.register_pooling("sum")
class Sum(nn.Module):
    def __init__(self, input_size):
        super().__init__()
        self.output_size = input_size

    def forward(self, outputs, lengths):  # [B, T, H] to [B, H]
        return without_padding(outputs, lengths).sum(1)

    def onnx(self, graph, outputs):
        return graph.add("ReduceSum", graph.masked(outputs, 0), graph.integers(1), keepdims=0)


@seqlab.register_callback("counter")
class Counter(Callback):
    def __init__(self, *, start: int = 0):  # callbacks.counter.start=1
        self.batches = start

    def on_train_batch_end(self, *_):
        self.batches += 1

    def state_dict(self):
        return {"batches": self.batches}

    def load_state_dict(self, state):
        self.batches = state["batches"]


@seqlab.register_logger("table")
class Table(CSVLogger):
    def log_metrics(self, metrics, step=None):  # rounded, for people
        super().log_metrics({name: round(float(value), 4) for name, value in metrics.items()}, step)


@seqlab.register_metric("kappa")
class Kappa(MulticlassCohenKappa):
    higher_is_better = True  # so that task.monitor=val/kappa knows which weights are best


class Signs(torch.optim.SGD):  # optimizer=my_things.Signs optimizer.lr=0.01
    def step(self, closure):
        loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:  # None: p is frozen or unused
                    p.data.sub_(p.grad.sign(), alpha=group["lr"])
        return loss
