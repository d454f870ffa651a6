"""A made-up community to look around in: the makers of Lumen, an association for open printers and sewing robots."""

from folkmoot.flow.demo.build import Built, UnableToBuild, build

__all__ = ["Built", "UnableToBuild", "build"]
