"""A type of one's own, whose memory hides behind a method: a registered feature tells peakahead how to read it."""

import peakahead


class Basket:
    """Holds orders packed, and knows what they come to unpacked."""

    def __init__(self, sizes: list[int]) -> None:
        self._sizes = tuple(sizes)

    def unpacked_bytes(self) -> int:
        return sum(self._sizes)


# Beside the type, so that training and production have it as soon as the module is imported.
peakahead.register_feature(Basket, "unpacked_bytes", Basket.unpacked_bytes, written="{}.unpacked_bytes()")


def unpack(basket: Basket) -> int:
    """Unpack all orders at once."""
    unpacked = bytearray(basket.unpacked_bytes())
    return len(unpacked)


if __name__ == "__main__":
    import random

    generator = random.Random(1)
    baskets = [Basket([generator.randint(10_000, 900_000) for _ in range(generator.randint(2, 12))]) for _ in range(20)]
    print(peakahead.learn(unpack, [(basket,) for basket in baskets]))
