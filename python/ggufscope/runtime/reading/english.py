"""Words that scoring knows, as they stand after `answer_words` folded case and dropped apostrophes."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _unit_names(units: dict[str, str]) -> dict[str, str]:
    return {spelled: unit for unit, names in units.items() for spelled in names.split()}


def _counted(words: str, first: int, step: int = 1) -> dict[str, int]:
    return {word: first + step * place for place, word in enumerate(words.split())}


NEGATIONS = _set(
    "not no never neither nor without unlike isnt wasnt arent werent doesnt didnt dont cannot cant wont instead except"
    " rather"
)
CONTRASTS = _set("but however")  # end what a negation reaches: not Lyon but Paris
NEGATING_AFTER = _set("not wrong incorrect false isnt wasnt arent werent")  # Lyon is wrong
LINKING = _set("is was are were")
NOT_NEGATING = frozenset({("not", "only"), ("not", "just"), ("no", "doubt")})
YES = _set("yes yeah yep true correct")
NO = _set("no nope false incorrect")

CURRENCIES = frozenset("$€£")
ARTICLES = _set("a an the")
ORDINAL_ENDINGS = _set("st nd rd th")

# Spelled → symbol. Degrees say nothing beside C or F.
UNITS = _unit_names({
    "km": "kilometer kilometers kilometre kilometres kms",
    "m": "meter meters metre metres",
    "cm": "centimeter centimeters centimetre centimetres",
    "mm": "millimeter millimeters millimetre millimetres",
    "kg": "kilogram kilograms kilogramme kilogrammes kilo kilos",
    "g": "gram grams gramme grammes",
    "l": "liter liters litre litres",
    "s": "second seconds sec secs",
    "min": "minute minutes mins",
    "h": "hour hours hr hrs",
    "day": "days",
    "week": "weeks",
    "month": "months",
    "year": "years yr yrs",
    "%": "percent pct",
    "c": "celsius centigrade",
    "f": "fahrenheit",
    "$": "dollar dollars usd",
    "€": "euro euros eur",
    "£": "pound pounds gbp",
    "cent": "cents",
})  # fmt: skip
DEGREES = _set("degree degrees")

TENS = _counted("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10)
SMALL_NUMBERS = {
    **_counted("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen", 0),
    **_counted("sixteen seventeen eighteen nineteen", 16),
    **TENS,
}
LARGE_NUMBERS = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
# Without `second`, which is a unit more often.
ORDINALS = {"first": 1, **_counted("third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth", 3)}
