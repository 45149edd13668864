"""A vocabulary so plain that the checker can evaluate queries by itself: made-up words, none a part of another; queries of one or two of them."""
WORDS = ("alnova", "bertexo", "cindrum", "dolvari", "estomir", "fulgane", "gravont", "helbrix", "ivastor", "jumbrel", "kestova", "lumidar", "morvane", "nexorim",
         "ostravel", "pilgrand", "quorvex", "rastimo", "selvaro", "tarmigon")


def title(random):
    return " ".join(random.sample(WORDS, 4))


def query(random):
    one, other = random.sample(WORDS, 2)
    return random.choice((f"ti={one}", f"ti={one}", f"ti={one} and ti={other}", f"ti={one} or ti={other}"))


def matches(text, heading):
    """Whether the query takes a record of this title."""
    words = set(heading.split())
    if " and " in text:
        return all(term.removeprefix("ti=") in words for term in text.split(" and "))
    return any(term.removeprefix("ti=") in words for term in text.split(" or "))
