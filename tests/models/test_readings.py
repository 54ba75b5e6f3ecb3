"""Readings: numbers that arrive while training goes on."""

import torch

from seqlab.models.readings import Readings


def sent(count: int) -> Readings[int]:
    readings = Readings[int]()
    for number in range(count):
        readings.send(number, torch.tensor(number + 0.5), torch.tensor(2 * number))
    return readings


def test_on_the_processor_all_are_there_at_once():
    readings = sent(3)
    assert list(readings.due()) == [(0, (0.5, 0.0)), (1, (1.5, 2.0)), (2, (2.5, 4.0))]
    assert list(readings.due()) == []


def test_from_a_gpu_all_but_the_latest_are_taken_and_each_is_waited_for(arriving_late):
    arriving_late(2)
    readings = sent(3)
    events = [event for _, _, event in readings._queue]
    assert list(readings.due()) == [(0, (0.5, 0.0))]
    assert [event.waited_for for event in events] == [True, False, False]
    assert list(readings.due()) == []
    assert [number for number, _ in readings.rest()] == [1, 2]
    assert all(event.waited_for for event in events)
    assert list(readings.rest()) == []


def test_a_reading_is_the_number_when_it_was_sent():
    loss = torch.tensor(1.0, requires_grad=True)
    readings = Readings[None]()
    readings.send(None, loss)
    with torch.no_grad():
        loss.fill_(7.0)
    assert list(readings.rest()) == [(None, (1.0,))]
