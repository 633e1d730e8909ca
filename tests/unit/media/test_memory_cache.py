from __future__ import annotations

import threading

import pytest

from rvr_laaf_app.media.memory_cache import MemoryCache


def _cache(limit: int) -> MemoryCache[str, bytes]:
    return MemoryCache(limit, len)


def test_what_was_used_longest_ago_goes_first() -> None:
    cache = _cache(10)
    for key in "abc":
        cache.put(key, b"123")
    assert cache.get("a") == b"123"
    cache.put("d", b"456")
    assert ("a" in cache, "b" in cache, "c" in cache, "d" in cache) == (True, False, True, True)
    assert cache.bytes_used == 9
    assert len(cache) == 3


def test_replacing_a_value_counts_its_bytes_once() -> None:
    cache = _cache(10)
    cache.put("a", b"12345678")
    cache.put("a", b"12")
    assert cache.bytes_used == 2


def test_a_value_over_the_limit_is_not_kept_and_removes_nothing_else() -> None:
    cache = _cache(4)
    cache.put("a", b"12")
    cache.put("b", b"12345")
    assert cache.get("b") is None
    assert cache.get("a") == b"12"


def test_make_is_called_only_when_needed() -> None:
    cache, made = _cache(10), []
    for _ in range(2):
        assert cache.get_or_make("k", lambda: made.append(1) or b"v") == b"v"  # type: ignore[func-returns-value]
    assert made == [1]


def test_values_can_be_forgotten() -> None:
    cache = _cache(100)
    for key in ("a1", "a2", "b1"):
        cache.put(key, b"x")
    cache.discard_where(lambda key: key.startswith("a"))
    cache.discard("nothing")
    assert len(cache) == 1
    cache.clear()
    assert cache.bytes_used == 0


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        _cache(-1)


def test_many_threads_leave_the_count_right() -> None:
    cache = _cache(500)

    def work(seed: int) -> None:
        for k in range(400):
            cache.put(str((seed * 7 + k) % 60), b"x" * (k % 30))
            cache.get(str(k % 60))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.bytes_used <= 500
    cache.discard_where(lambda key: True)
    assert cache.bytes_used == 0
