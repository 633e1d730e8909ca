"""The losses fall where they should: right order, flat surfaces, steps at outlines, honest confidence."""

from __future__ import annotations

import pytest
import torch

from rvr_laaf_app.training import losses

POINTS = torch.tensor([[[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.5, 0.5]]])
LEVELS = torch.tensor([[0, 1, 1, -1]])  # the last point is padding


def corners(first: float, second: float, third: float) -> torch.Tensor:
    maps = torch.zeros(1, 8, 8)
    maps[0, :4, :4], maps[0, :4, 4:], maps[0, 4:, :4] = first, second, third
    return maps


def test_values_are_read_where_the_points_lie() -> None:
    values = losses.at_points(corners(3.0, 2.0, 1.0), POINTS)
    assert values[0, :3].tolist() == pytest.approx([3.0, 2.0, 1.0])


def test_the_right_order_costs_less() -> None:
    right = losses.ranking_loss(corners(2.0, 0.0, 0.0), POINTS, LEVELS, equal_weight=0.5)
    wrong = losses.ranking_loss(corners(-2.0, 0.0, 0.0), POINTS, LEVELS, equal_weight=0.5)
    uneven = losses.ranking_loss(corners(3.0, 2.0, 0.0), POINTS, LEVELS, equal_weight=0.5)
    assert right < wrong
    assert right < uneven


def test_wrong_pairs_are_counted_and_padding_is_not() -> None:
    values = torch.tensor([[2.0, 1.0, 3.0, 9.0]])
    assert losses.wrong_order(values, LEVELS) == (1, 2)


def test_a_tie_counts_as_wrong() -> None:
    assert losses.wrong_order(torch.tensor([[1.0, 1.0, 0.0, 0.0]]), LEVELS) == (1, 2)


def test_a_step_on_an_edge_is_cheaper_than_beside_it() -> None:
    picture = torch.full((1, 3, 8, 8), 50.0)
    picture[..., 4:] = 200.0
    on, beside = torch.zeros(1, 8, 8), torch.zeros(1, 8, 8)
    on[..., 4:], beside[..., 6:] = 1.0, 1.0
    on_cost = losses.smoothness_loss(on, picture, edge_bytes=10)
    assert on_cost < 0.01 * losses.smoothness_loss(beside, picture, edge_bytes=10)


def test_agreement_ignores_shift_and_what_is_hidden() -> None:
    teacher = torch.rand(2, 16, 16)
    nothing = torch.zeros(2, 16, 16)
    assert float(losses.agreement_loss(teacher + 3, teacher, nothing)) == pytest.approx(0.0, abs=1e-5)
    pasted, hidden = teacher.clone(), nothing.clone()
    pasted[:, :8], hidden[:, :8] = 9.0, 1.0
    assert float(losses.agreement_loss(pasted, teacher, hidden)) == pytest.approx(0.0, abs=1e-5)
    assert float(losses.agreement_loss(pasted, teacher, nothing)) > 1.0


def test_a_sharp_step_at_the_outline_costs_least() -> None:
    subject = torch.zeros(1, 32, 32)
    subject[:, 8:24, 8:24] = 1.0
    soft = torch.nn.functional.avg_pool2d(subject[:, None], 9, 1, 4, count_include_pad=False)[:, 0]
    sharp, softened = (float(losses.occlusion_loss(4 * maps, subject)) for maps in (subject, soft))
    assert sharp < 0.5 * softened


def test_a_subject_that_is_not_nearer_is_left_alone() -> None:
    subject = torch.zeros(1, 32, 32)
    subject[:, 8:24, 8:24] = 1.0
    assert float(losses.occlusion_loss(-4 * subject, subject)) == 0.0


def test_without_a_subject_there_is_no_occlusion_loss() -> None:
    assert float(losses.occlusion_loss(torch.rand(1, 16, 16), torch.zeros(1, 16, 16))) == 0.0


def test_confidence_pays_where_the_order_is_right() -> None:
    sure, unsure = torch.full((1, 8, 8), 4.0), torch.full((1, 8, 8), -4.0)
    right, wrong = corners(2.0, 0.0, 0.0), corners(-2.0, 0.0, 0.0)
    assert losses.confidence_loss(sure, right, POINTS, LEVELS) < losses.confidence_loss(unsure, right, POINTS, LEVELS)
    assert losses.confidence_loss(sure, wrong, POINTS, LEVELS) > losses.confidence_loss(unsure, wrong, POINTS, LEVELS)


def test_a_batch_without_pairs_gives_finite_losses() -> None:
    none = torch.full((1, 4), -1)
    maps = torch.zeros(1, 8, 8, requires_grad=True)
    total = losses.ranking_loss(maps, POINTS, none, equal_weight=0.5) + losses.confidence_loss(maps, maps, POINTS, none)
    total.backward()
    assert float(total.detach()) == 0.0
