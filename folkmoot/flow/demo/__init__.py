"""A made-up community to look around in: the makers of Lumen, an association for open printers and sewing robots."""

from folkmoot.flow.demo.build import SLUG, Built, UnableToBuild, build, place

__all__ = ["SLUG", "Built", "UnableToBuild", "build", "place"]
