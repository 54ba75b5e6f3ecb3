"""The whole network: encoder, recurrent layers, pooling, head."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from seqlab.cells import Cell, State, regularized
from seqlab.engines.surroundings import refuse_traces
from seqlab.errors import ConfigError, described
from seqlab.functional.lengths import EVERY_STEP, last_steps
from seqlab.models.freezing import freeze_parts
from seqlab.models.notebook import table_of
from seqlab.models.side_inputs import SideInputs
from seqlab.nn.channels import Channels
from seqlab.nn.decoders import DECODERS, Decoder, TeacherForcing
from seqlab.nn.encoders import Embedding, make_encoder
from seqlab.nn.heads import LinearHead
from seqlab.nn.instance_norm import InstanceNorm
from seqlab.nn.parts import InputSpec, make_part, width_of
from seqlab.nn.penalties import make_penalty
from seqlab.nn.recurrent import Recurrent
from seqlab.nn.wide import Wide
from seqlab.registry.catalog import heads, make_cells, poolings
from seqlab.registry.types import Count, Counts, Each, MemorySteps, Names, NotNegative, Share

ROUNDED = (nn.Linear, nn.Conv1d)
"""Modules whose outputs autocast computes in a smaller type."""
ONE_COLUMN = InputSpec("features", 1)


class SequenceModel(nn.Module):
    """A network with one output per sequence, or one at each of its last steps, for any cell.

    Its keyword-only arguments are the settings of conf/model: ``config/model.py`` reads type, range, default
    and help here. Every part is a registered name, with its settings in ``<part>_options``, or a module; a
    network of modules needs no other settings.

    Args:
        inputs: the description of the inputs.
        output_size: numbers in an output: classes, or values of a forecast.
        output_steps: steps at the end of a sequence that each have an output, or ``EVERY_STEP``; 0 for one
            output per sequence.
        recurrent: the layers from the encoder's outputs [B, T, I] to [B, T, H] per direction; None for layers
            of ``cell``.
        engine: the name of the engine that runs the cell.
        cell: a registered cell, see src/seqlab/cells, or your own; or a list, one a layer: [gru,lstm].
        options: constants of the cell, e.g. model.options.dt=0.05.
        zoneout: probability with which a unit of a state keeps its value at a step of training.
        recurrent_dropout: dropout probability of the units that U reads, one mask a sequence.
        weight_drop: dropout probability of the numbers of U, one mask a batch (DropConnect).
        hidden_size: width H of every gate and state; or a list, one a layer: [64,32].
        num_layers: recurrent layers, each reading the one below; None for as many as are listed, or one.
        bidirectional: each layer has a second set of weights, which reads every sequence from its end.
        reverse: every sequence is read from its end only.
        merge: the two directions become one, concat (2·H wide) or sum (H wide).
        outputs: what pooling and head read, the outputs of the last layer, or of all, side by side.
        between: between two layers, dropout, layernorm (then dropout) or residual (dropout, plus what the
            layer below read); or your own.
        between_options: settings of it alone, e.g. model.between_options.eps=1e-6.
        instance_norm: targets of a series are read and forecast less the last value of each window (last),
            less its mean and divided by its standard deviation (standard), or that with a learned gain and
            shift (revin); none for scaled values as they are.
        channels: targets of a series are read together (mixed), or each as a series of its own through the
            same network (independent).
        channel_embedding: with independent channels, numbers of a vector that is learned for each, which head
            or decoder reads; null for none.
        encoder: embedding, ngrams or onehot for tokens, identity, linear or segments for features; auto for
            the first of them; or your own.
        encoder_options: settings of an encoder of your own, e.g. model.encoder_options.kernel=5.
        condition: what a language model is told of a text, none, or its class, the first token that it reads.
        segment: for a series that is forecast, steps that the encoder segments reads as one, and that a
            decoder forecasts as one.
        embedding_size: width of the encoder's output (onehot, identity: as wide as their input).
        embedding_dropout: dropout probability of the embedding.
        feature_dropout: for the encoder ngrams, dropout probability of each vector of a step.
        dropout: dropout probability between layers and before the head.
        dropout_each: whether their masks are chosen anew for each step or sequence (variational dropout).
        activation_penalty: for a task with an output at every step, this times the mean square of the
            outputs after dropout is added to the loss (AR, Merity et al. 2018).
        change_penalty: this times the mean square of the outputs' changes from step to step, before dropout,
            is added too (TAR).
        pooling: one vector a sequence, the last (step read), mean or max over its steps, or combined; or
            your own.
        pooling_options: settings of a pooling of your own.
        decoder: how a forecast is made, from one vector a window (direct); of segments, each a step from the
            window's last state with its position as input (parallel); or one after the other, by layers that
            read the segment before (autoregressive).
        teacher_forcing: for the decoder autoregressive, probability with which it reads the true segment
            before, not its own forecast, at the beginning of training.
        teacher_forcing_end: that probability at the end of training, to which it falls linearly.
        head: from that vector to the output, linear, or your own.
        head_options: settings of a head of your own.
        wide: a linear model of what the encoder reads is learned beside the network, with a weight of each
            token, n-gram or column for each output, and both outputs are added; for one output a sequence.
        tied: the head's weight is the embedding, for language models whose embedding_size is hidden_size.
        freeze: parts that are not trained: encoder, recurrent (or recurrent.0, the lowest layer, …), head.
        init: recurrent weights, keras (glorot, orthogonal, forget bias 1), torch, kaiming or chrono; or your
            own.
        init_options: settings of an init of your own.
        init_steps: for the init chrono, the longest memory to start with, in steps.

    Raises:
        ConfigError: a name or setting is unknown, or a part does not fit another.
    """

    def __init__(
        self,
        inputs: InputSpec = ONE_COLUMN,
        output_size: int = 1,
        output_steps: int = 0,
        recurrent: Recurrent | None = None,
        engine: str = "auto",
        *,
        cell: Names | Cell | Sequence[Cell] = "lstm",
        options: Mapping[str, Any] = {},
        zoneout: Share = 0.0,
        recurrent_dropout: Share = 0.0,
        weight_drop: Share = 0.0,
        hidden_size: Counts = 128,
        num_layers: Count | None = None,
        bidirectional: bool = False,
        reverse: bool = False,
        merge: Literal["concat", "sum"] = "concat",
        outputs: Literal["last", "all"] = "last",
        between: str | Callable[..., nn.Module] = "dropout",
        between_options: Mapping[str, Any] = {},
        instance_norm: Literal["none", "last", "standard", "revin"] = "none",
        channels: Literal["mixed", "independent"] = "mixed",
        channel_embedding: Count | None = None,
        encoder: str | nn.Module = "auto",
        encoder_options: Mapping[str, Any] = {},
        condition: Literal["none", "class"] = "none",
        segment: Count = 24,
        embedding_size: Count = 64,
        embedding_dropout: Share = 0.0,
        feature_dropout: Share = 0.0,
        dropout: Share = 0.0,
        dropout_each: Each = "step",
        activation_penalty: NotNegative = 0.0,
        change_penalty: NotNegative = 0.0,
        pooling: str | nn.Module = "last",
        pooling_options: Mapping[str, Any] = {},
        decoder: Literal["direct", "parallel", "autoregressive"] = "direct",
        teacher_forcing: Annotated[float, Field(ge=0, le=1)] = 1.0,
        teacher_forcing_end: Annotated[float, Field(ge=0, le=1)] = 0.0,
        head: str | nn.Module = "linear",
        head_options: Mapping[str, Any] = {},
        wide: bool = False,
        tied: bool = False,
        freeze: list[str] | None = None,
        init: str = "torch",
        init_options: Mapping[str, Any] = {},
        init_steps: MemorySteps | None = None,
    ) -> None:
        super().__init__()
        told = inputs.classes if condition == "class" else 0
        inputs = replace(inputs, size=inputs.size + told)  # these tokens come after the vocabulary
        shared = {
            "embedding_size": embedding_size,
            "embedding_dropout": embedding_dropout,
            "feature_dropout": feature_dropout,
            "dropout": dropout,
            "dropout_each": dropout_each,
            "segment": segment,
        }
        self.instance_norm = InstanceNorm(instance_norm, inputs) if instance_norm != "none" else None
        self.channels = Channels(inputs, channel_embedding) if channels == "independent" else None
        if self.channels is not None:
            inputs, output_size = self.channels.inputs, output_size // len(self.channels)
        self.encoder = make_encoder(encoder, inputs, options=encoder_options, **shared)
        regularizing = partial(
            regularized,
            zoneout=zoneout,
            recurrent_dropout=recurrent_dropout,
            weight_drop=weight_drop,
            restarts=inputs.reset_token is not None,
        )
        made = [regularizing(one) for one in make_cells(cell, options)]
        self.recurrent = recurrent or Recurrent(
            made if isinstance(cell, list | tuple) else made[0],
            input_size=width_of(self.encoder),
            hidden_size=hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            reverse=reverse,
            merge=merge,
            outputs=outputs,
            dropout=dropout,
            dropout_each=dropout_each,
            engine=engine,
            between=between,
            between_options=between_options,
            init=init,
            init_options=init_options,
            init_steps=init_steps,
        )
        self.side_inputs = SideInputs(inputs, self.recurrent)
        self.pooling: nn.Module = make_part(
            poolings, pooling, self.recurrent.reading_size, options=pooling_options, **shared
        )
        self.output_steps = output_steps
        self.decoder: Decoder | None = None
        if decoder != "direct":
            sizes = (output_size, segment, self._channel_size())
            self.decoder = DECODERS[decoder](self.recurrent, inputs, *sizes)
        self.forcing = (teacher_forcing, teacher_forcing_end)
        if self.decoder is not None or self.segment > 1:
            self.side_inputs.refuse()
        self.activation_penalty = make_penalty(
            activation_penalty, change_penalty, dropout, dropout_each, every_step=output_steps == EVERY_STEP
        )
        if self.activation_penalty is not None:
            shared["dropout"] = 0.0  # the penalty is of what the head reads, so its dropout comes before it
        self.head: nn.Module = (
            head
            if isinstance(head, nn.Module)
            else make_part(heads, head, *self._head_sizes(output_size), options=head_options, **shared)
        )
        self.wide: Wide | None = None
        if wide:
            self._refuse_wide()
            self.wide = Wide(encoder, inputs, output_size, feature_dropout)
        if tied:
            self._tie(told)
        freeze_parts(self.parts(), freeze or [])

    def _channel_size(self) -> int:
        """Return the numbers of a channel's vector; 0 for none."""
        return self.channels.width if self.channels is not None else 0

    def _head_sizes(self, output_size: int) -> tuple[int, int]:
        """Return how many numbers the head reads, and how many it outputs."""
        if self.decoder is not None:
            return self.recurrent.output_size, self.decoder.head_size
        width = self.recurrent.reading_size if self.output_steps else width_of(self.pooling)
        return self.recurrent.ways.merged_size(width) + self._channel_size(), output_size

    def _refuse_wide(self) -> None:
        if self.output_steps or self.channels is not None or self.decoder is not None:
            raise ConfigError(
                "model.wide=true is for one output a sequence, model.channels=mixed, model.decoder=direct"
            )

    @property
    def segment(self) -> int:
        """How many steps the encoder makes one."""
        steps: int = getattr(self.encoder, "segment", 1)
        return steps

    def _tie(self, told: int) -> None:
        if not (isinstance(self.encoder, Embedding) and isinstance(self.head, LinearHead)):
            raise ConfigError("model.tied=true needs model.encoder=embedding and model.head=linear")
        self.head.tie(self.encoder.embedding, told)

    def forward(self, x: Tensor, lengths: Tensor, forced: TeacherForcing | None = None) -> Tensor:
        """Return the outputs, [B, output_size], for right-padded tokens [B, T] or features [B, T, F].

        With ``output_steps`` S they are [B, S, output_size], at every step [B, T, output_size]. They are
        float32, or float64 for a float64 network: losses and scores are not rounded to a smaller type. In
        training an autoregressive decoder may read true values (``forced``, with a target [B, horizon, K]).
        """
        if self.instance_norm is not None:
            x = self.instance_norm(x)
        if x.is_floating_point():
            x = x.to(self.read_dtype())
        outputs = self._outputs(x, lengths, forced)
        return outputs if outputs.dtype == torch.float64 else outputs.float()

    def carry(self, x: Tensor, lengths: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Return the outputs as ``forward`` does, starting from a state, and the state after the last steps.

        The state is that of ``Recurrent``; None for zeros. For networks that ``check_carry`` accepts.
        """
        if x.is_floating_point():
            x = x.to(self.read_dtype())
        read, beside = self.side_inputs.split(x, self.read_dtype())
        hidden, final = self.recurrent(self._encoded(read), lengths, state, inputs=beside)
        if self.output_steps == EVERY_STEP:
            outputs = self._headed(hidden, lengths)
        else:
            outputs = self._with_wide(self.head(self.pooling(hidden, lengths)), read, lengths)
        return outputs if outputs.dtype == torch.float64 else outputs.float(), final

    def parts(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters of each part by name, from the inputs to the outputs.

        The parts are "encoder", "recurrent.0", "recurrent.1", … (each with what lies between it and the layer
        below), and "head", with the pooling, a decoder, and what windows and channels have of their own.
        """
        layers = self.recurrent
        parts: dict[str, list[nn.Module]] = {"encoder": [self.encoder]}
        for depth in range(layers.num_layers):
            first = depth * layers.directions
            between = layers.between[max(depth - 1, 0) : depth]
            parts[f"recurrent.{depth}"] = [*layers.layers[first : first + layers.directions], *between]
        around = (self.instance_norm, self.channels, self.decoder, self.wide)
        parts["head"] = [self.pooling, *(one for one in around if one is not None), self.head]
        return {
            name: [parameter for one in modules for parameter in one.parameters()]
            for name, modules in parts.items()
        }

    def check_stepwise(self, what: str) -> None:
        """Refuse what follows a network step by step where its layers read others than a sequence has.

        Raises:
            ConfigError: they read segments, channels, or what a decoder gives them.
        """
        if self.segment > 1 or self.channels is not None or self.decoder is not None:
            raise ConfigError(
                f"{what} follows a network step by step, and with model.encoder=segments, "
                "model.channels=independent or a decoder such as parallel these are not those of a window"
            )

    def check_carry(self) -> None:
        """Refuse to go on from the state of the batch before where outputs depend on a whole window.

        Raises:
            ConfigError: they do.
        """
        of_windows = (self.instance_norm, self.channels, self.decoder)
        if any(one is not None for one in of_windows) or self.output_steps not in (0, EVERY_STEP):
            raise ConfigError(
                "states that are carried from batch to batch need model.instance_norm=none, "
                "model.channels=mixed, model.decoder=direct, and one output a sequence or one at every step"
            )

    def take_penalty(self) -> Tensor | None:
        """Return the penalty of the last batch of training, once; None if there is none."""
        return None if self.activation_penalty is None else self.activation_penalty.take()

    def read_dtype(self, products: torch.dtype | None = None) -> torch.dtype:
        """Return the type of the inputs of the recurrent layers.

        Args:
            products: the type in which autocast computes matrix products; None without autocast.
        """
        is_rounded = any(isinstance(part, ROUNDED) for part in self.encoder.modules())
        return products if products is not None and is_rounded else next(self.recurrent.parameters()).dtype

    def _outputs(self, x: Tensor, lengths: Tensor, forced: TeacherForcing | None) -> Tensor:
        outputs: Tensor
        x, beside = self.side_inputs.split(x, self.read_dtype())
        if self.channels is not None:
            x, beside = self.channels.split(x), self.channels.repeated(beside)
            lengths = lengths.repeat_interleave(len(self.channels))
            forced = forced and TeacherForcing(self.channels.split_target(forced.target), forced.probability)
        encoded = self._encoded(x)
        lengths = lengths // self.segment if self.segment > 1 else lengths
        if self.output_steps:
            hidden, _ = self.recurrent(encoded, lengths, inputs=beside, need_state=False)
            if self.output_steps == EVERY_STEP:
                return self._headed(hidden, lengths)
            outputs = self.head(last_steps(hidden, lengths, self.output_steps))
            return outputs
        outputs = self._with_wide(self._outputs_of_each(encoded, lengths, beside, forced), x, lengths)
        return outputs if self.channels is None else self.channels.join(outputs)

    def _encoded(self, x: Tensor) -> Tensor:
        """Return what the layers read, [B, T, I].

        Raises:
            ConfigError: the encoder returns something else.
            EngineError: torch.jit.trace is active, in which sizes are no numbers.
        """
        refuse_traces()
        encoded: Tensor = self.encoder(x)
        width, found = self.recurrent.input_size, getattr(encoded, "shape", None)
        if found is None or found[2:] != (width,):
            raise ConfigError(
                f"encoder {type(self.encoder).__name__} returns "
                f"{described(encoded) if found is None else list(found)}, and the layers read "
                f"[B, T, {width}]; set its output_size to the width of what it returns"
            )
        return encoded

    def _outputs_of_each(
        self, encoded: Tensor, lengths: Tensor, beside: Mapping[str, Tensor], forced: TeacherForcing | None
    ) -> Tensor:
        """Return the head's outputs for each sequence, or channel, from what the encoder has read."""
        vectors = None
        if self.channels is not None and self.channels.width:
            vectors = self.channels.vectors(len(encoded))
        if self.decoder is not None:
            _, state = self.recurrent(encoded)  # windows have no padding
            decoded: Tensor = self.decoder(self.head, self.recurrent, state, vectors, forced)
            return decoded
        readings, _ = self.recurrent.read(encoded, lengths, inputs=beside)
        pooled = self.recurrent.ways.merge([self.pooling(hidden, lengths) for hidden in readings])
        outputs: Tensor = self.head(pooled if vectors is None else torch.cat([pooled, vectors], -1))
        return outputs

    def _with_wide(self, outputs: Tensor, read: Tensor, lengths: Tensor) -> Tensor:
        """Return the head's outputs, with what the steps say by themselves."""
        return outputs if self.wide is None else outputs + self.wide(read, lengths)

    def _headed(self, hidden: Tensor, lengths: Tensor) -> Tensor:
        """Return the head's outputs at every step."""
        if self.activation_penalty is not None:
            hidden = self.activation_penalty(hidden, lengths)
        outputs: Tensor = self.head(hidden)
        return outputs

    def extra_repr(self) -> str:
        """Show the number of output steps, if there are several."""
        return f"output_steps={self.output_steps}" if self.output_steps else ""

    def _repr_html_(self) -> str:
        """Return a table of the parts, as notebooks show it."""
        return table_of(self)
