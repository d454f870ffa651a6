"""Full-text search that finds other forms of a word in English, Polish, Estonian, Russian and Ukrainian."""

from folkmoot.lib.lemmas.dictionary import DictionariesMissing
from folkmoot.lib.lemmas.query import query
from folkmoot.lib.lemmas.snippet import highlight, snippet
from folkmoot.lib.lemmas.tokens import tokens
from folkmoot.lib.lemmas.vector import vector
from folkmoot.lib.lemmas.vocabulary import PLAIN, Vocabulary

__all__ = ["PLAIN", "DictionariesMissing", "Vocabulary", "highlight", "query", "snippet", "tokens", "vector"]
