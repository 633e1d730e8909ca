"""Focus in one or two moves: what every picture says about the blur, joined into one belief about where focus is.

Ours, against Algorithm 1: `BlurNet` tells how likely each radius of blur is, in pixels, so that one network serves all
lenses; the calibrated defocus model turns a radius seen at a lens position into the two places where focus may be. The
next picture, taken where focus most likely is, settles the side, and the doubts of the first one with it, since all
pictures are weighed together (Bayes). Where that still leaves a doubt (just before focus or just behind it?) the two
pictures are compared with each other under each hypothesis, see `pair`. It ends where focus is within the depth of
field with enough certainty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import FocusRange, FocusResult, FocusStep, Patch, Search
from rvr_laaf_app.autofocus.pair import Blur, Pair
from rvr_laaf_app.autofocus.peak import Peak
from rvr_laaf_app.autofocus.sharpness import brenner
from rvr_laaf_app.autofocus.weights import load_blur_net
from rvr_laaf_app.camera.defocus import DefocusModel

if TYPE_CHECKING:
    from rvr_laaf_app.nets.autofocus_nets import BlurNet

Array = NDArray[np.float64]
CIRCLE_PX: Final = 1.5  # radius that just looks sharp in a picture `WIDTH_PX` wide: what a depth of field means
WIDTH_PX: Final = 1920
_NOTHING: Final = "no position is clearly in focus"
_PLACES: Final = 2100  # hypotheses about where focus is, at most


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What one patch says: log likelihood of each radius [k] in pixels, rising from 0."""

    radii_px: Array
    log_likelihood: Array

    def at(self, radius_px: Array) -> Array:
        """Return the log likelihood of radii of any shape."""
        return np.interp(radius_px, self.radii_px, self.log_likelihood)


def shown_radius(model: DefocusModel, best: Array, position: float, *, width_px: int | None) -> Array:
    """Return the radius in the picture [any shape] of what is best at `best`, seen at a position.

    A lens blurs first and magnifies then (Eq. 1), and the disk with what it blurs.
    """
    radius = model.radius_at(best, position, width_px=width_px)
    return np.asarray(radius * model.magnification_at(best, position), np.float64)


class BlurReader:
    """BlurNet as a function of a patch; holds the network and nothing of a run."""

    def __init__(self, net: BlurNet | None = None) -> None:
        from rvr_laaf_app.nets.autofocus_nets import BlurNetAtOnce, RingSpectra, radii_of_bins

        self.net = net or load_blur_net()
        self.log_likelihood = BlurNetAtOnce(self.net)
        self.spectra = RingSpectra()
        self.radii_px = radii_of_bins(self.net.config).double().numpy()

    def read(self, patch: Patch) -> Reading:
        """Return what the patch (at least 64 pixels wide and high) says about its blur."""
        import torch

        with torch.inference_mode():
            x = torch.from_numpy(np.ascontiguousarray(patch, np.float32))[None]
            log_likelihood = self.log_likelihood(self.spectra(x))[0]
        return Reading(self.radii_px, log_likelihood.double().numpy())


class FocusBelief:
    """How likely focus is at each position of the range, after the pictures seen so far.

    With a calibrated model the blur of each hypothesis is known within a few per cent; without one it is taken to grow
    in proportion to the distance, at a rate that the depth of field tells roughly and the pictures tell better.
    Besides what each picture says by itself, of two pictures the sharper one was taken nearer to focus.
    """

    trust: ClassVar[float] = 1.0  # what a reading counts: less if pictures of one subject erred alike
    surprise: ClassVar[float] = 1e-4  # chance that a reading says nothing at all
    misorder: ClassVar[float] = 0.02  # chance that a picture is clearly sharper though it is farther from focus
    formula_spread: ClassVar[float] = 0.02  # of the rate of blur, where the model is a formula
    tie_px: ClassVar[float] = 0.6  # difference of radii that sharpness shows for certain
    evidence: ClassVar[float] = 6.0  # what a comparison of two pictures counts: about so many independent places
    alike: ClassVar[float] = 4e-3  # misfit that the rightest hypothesis may have
    marks: ClassVar[int] = 8  # hypotheses tried in one comparison, before the best of them is searched around

    def __init__(self, limits: FocusRange, defocus: DefocusModel | None, width_px: int | None) -> None:
        count = min(limits.maximum - limits.minimum + 1, _PLACES)
        self.limits = limits
        self.places: Array = np.linspace(limits.minimum, limits.maximum, count)
        self.defocus, self.width_px = defocus, width_px
        spread = 0.8 if defocus is None else 0.03 if defocus.measured else self.formula_spread
        self.scales: Array = np.exp(np.linspace(-2.5, 2.5, 41 if defocus is None else 5) * spread)
        prior = -0.5 * (np.log(self.scales) / spread) ** 2
        self.log_belief: Array = np.repeat(prior[:, None], count, axis=1)
        self.seen: list[tuple[Array, float]] = []  # radius of every hypothesis, log sharpness

    def radius_px(self, position: int) -> Array:
        """Return the blur radius [places] that each hypothesis foretells for a lens position, at scale 1."""
        if self.defocus is not None:
            return shown_radius(self.defocus, self.places, position, width_px=self.width_px)
        slope = 2 * CIRCLE_PX * (self.width_px or WIDTH_PX) / WIDTH_PX / max(self.limits.depth_of_field, 1)
        return np.asarray(slope * np.abs(self.places - position), np.float64)

    def rim_px(self, position: int) -> float:
        """Return how blurred is what just looks sharp at a lens position."""
        beyond = np.abs(self.places - position) >= self.limits.depth_of_field / 2
        return float(self.radius_px(position)[beyond].min(initial=np.inf))

    def see(self, position: int, reading: Reading, sharpness: float) -> None:
        """Weigh in what a picture taken at a position says by itself, and beside those before it."""
        radius = self.scales[:, None] * self.radius_px(position)
        told = reading.at(radius)
        self.log_belief += np.log(np.exp(self.trust * (told - told.max())) + self.surprise)
        log_sharpness = float(np.log(max(sharpness, 1e-12)))
        for other, theirs in self.seen:
            clear = np.tanh((log_sharpness - theirs) / 0.1)  # a tenth more is more than noise
            order = clear * np.tanh((other - radius) / self.tie_px)
            self.log_belief += np.log(0.5 + (0.5 - self.misorder) * order)
        self.seen.append((radius, log_sharpness))
        self.log_belief -= self.log_belief.max()

    def compare(self, pair: Pair, first: int, second: int) -> None:
        """Weigh in what two pictures, taken at these positions, say together; nothing without a calibrated model."""
        if self.defocus is None:
            return
        cumulated = np.cumsum(self.chance())
        wanted = (np.arange(self.marks) + 0.5) / self.marks
        tried = {int(k): self._misfit(pair, int(k), first, second) for k in np.searchsorted(cumulated, wanted)}
        for _ in range(2):  # closer to the best of them
            known = sorted(k for k, misfit in tried.items() if misfit is not None)
            if not known:
                return
            at = known.index(min(known, key=lambda k: tried[k] or 0.0))
            for other in (at - 1, at + 1):
                if 0 <= other < len(known) and abs(known[other] - known[at]) > 2:
                    middle = (known[other] + known[at]) // 2
                    tried[middle] = self._misfit(pair, middle, first, second)
        known = sorted(k for k, misfit in tried.items() if misfit is not None)
        square = np.array([tried[k] or 0.0 for k in known]) ** 2 + self.alike**2
        told = np.interp(np.arange(len(self.places)), known, -self.evidence * np.log(square / square.min()))
        self.log_belief += np.log(np.exp(told) + self.surprise)
        self.log_belief -= self.log_belief.max()

    def _misfit(self, pair: Pair, place: int, first: int, second: int) -> float | None:
        """Return how badly two pictures fit each other if focus is at the place of this number; None: cannot tell."""
        assert self.defocus is not None
        z0 = float(self.places[min(place, len(self.places) - 1)])
        lens = np.array([first, second], np.float64)
        radius = self.defocus.radius_at(z0, lens, width_px=self.width_px)
        size = self.defocus.magnification_at(z0, lens)
        # a lens blurs first and magnifies then (Eq. 1): the disk grows with what it blurs
        return pair.misfit(Blur(float(radius[0] * size[1]), float(radius[1] * size[0]), float(size[0] / size[1])))

    def forget_order(self) -> None:
        """Let earlier pictures be compared with no later one: the subject may have moved between."""
        self.seen.clear()

    def chance(self) -> Array:
        """Return the probability [places] that focus is at each."""
        share = np.exp(self.log_belief).sum(axis=0)
        return np.asarray(share / share.sum(), np.float64)

    def within(self, share: float = 0.5) -> Array:
        """Return the probability [places] that focus is within this share of the depth of field of each."""
        half = self.limits.depth_of_field * share
        cumulated = np.concatenate([[0.0], np.cumsum(self.chance())])
        low = np.searchsorted(self.places, self.places - half, side="left")
        high = np.searchsorted(self.places, self.places + half, side="right")
        return np.asarray(cumulated[high] - cumulated[low], np.float64)


class ModernAutofocus:
    """See the module's docstring.

    defocus: the calibrated model of the camera and lens; width_px: how wide the whole picture is that patches are cut
    from (default: that of the model, or 1920). Without a calibration nothing vouches for how this lens draws what is in
    focus; so the place found is checked, by pictures on both sides of it that must be less sharp.
    """

    name = "learned"
    moves: ClassVar[int] = 6
    sure: ClassVar[float] = 0.93  # certainty at which the search ends
    settled: ClassVar[float] = 0.88  # certainty below which a place is not kept for being between two likely ones
    share: ClassVar[float] = 0.45  # of the depth of field: so far off is still in focus (half is the limit)
    narrow: ClassVar[float] = 0.25  # of the depth of field: what tells such two apart
    fine_px: ClassVar[float] = 1.0  # less blur than this at the rim of the depth of field is told by two pictures only
    gain: ClassVar[float] = 0.15  # what another move must promise beyond staying

    def __init__(
        self, defocus: DefocusModel | None = None, *, width_px: int | None = None, reader: BlurReader | None = None
    ) -> None:
        self.defocus, self.width_px = defocus, width_px
        self.reader = reader or BlurReader()

    def search(self, limits: FocusRange, *, start: int, seed: int = 0) -> Search:
        """See Autofocus; nothing is left to chance, so `seed` makes no difference."""
        belief = FocusBelief(limits, self.defocus, self.width_px)
        place = min(max(start, limits.minimum), limits.maximum)
        steps: list[FocusStep] = []
        peak = Peak(limits)
        before: tuple[int, Patch] | None = None
        fine = self.defocus is not None and belief.rim_px(place) < self.fine_px
        while True:
            patch = yield place
            sharpness = brenner(patch)
            peak.add(place, sharpness)
            belief.see(place, self.reader.read(patch), sharpness)
            within = belief.within(self.share)
            if before is not None and before[0] != place and (fine or within.max() < self.sure):
                belief.compare(Pair(before[1], patch), before[0], place)
                within = belief.within(self.share)
            here = float(np.interp(place, belief.places, within))
            best, there = _middle_of_best(belief.places, within), float(within.max())
            if there < self.settled and abs(best - place) <= limits.depth_of_field / 2:
                # focus is just in front or just behind: standing between the two would miss both
                best = _middle_of_best(belief.places, belief.within(self.narrow))
            steps.append(FocusStep(place, float(abs(best - place)), f"in focus here {here:.0%}, at {best} {there:.0%}"))
            if fine and before is None and abs(best - place) <= limits.depth_of_field:
                up = place + limits.depth_of_field
                before, place = (place, patch), up if up <= limits.maximum else place - limits.depth_of_field
                continue
            enough = here >= self.settled and here >= there - self.gain
            if here >= self.sure or enough or (best == place and here >= 0.5):
                best, there = place, here
                break
            if best in peak.seen or len(steps) > self.moves:
                break
            before, place = (place, patch), best
        if self.defocus is None:
            return (yield from peak.climb(steps))
        return FocusResult(best, there >= 0.5, there, tuple(steps), "" if there >= 0.5 else _NOTHING)


def _middle_of_best(places: Array, within: Array) -> int:
    """Return the middle of the stretch of places around the most likely one that are as good but for a trifle."""
    top = int(within.argmax())
    good = within >= within[top] - 0.01
    low = high = top
    while low > 0 and good[low - 1]:
        low -= 1
    while high < len(good) - 1 and good[high + 1]:
        high += 1
    return round(float(places[low] + places[high]) / 2)
