"""Follows the lines of a drawing by `rmv dag` and prints the needs it shows, sorted: "STAGE: NEED...".

usage: dag_trace.py <DRAWING"""
import sys

UP, DOWN, LEFT, RIGHT = (-1, 0), (1, 0), (0, -1), (0, 1)
WAYS = {"│": (UP, DOWN), "─": (LEFT, RIGHT), "┘": (UP, LEFT), "┐": (DOWN, LEFT), "┤": (UP, DOWN, LEFT),
        "└": (UP, RIGHT), "┌": (DOWN, RIGHT), "├": (UP, DOWN, RIGHT), "┴": (UP, LEFT, RIGHT),
        "┬": (DOWN, LEFT, RIGHT), "┼": (UP, DOWN, LEFT, RIGHT)}

rows = sys.stdin.read().split("\n")
width = max(map(len, rows)) + 1
rows = [row.ljust(width) for row in rows]


def find_boxes():
    """Maps the border places of boxes to names: a ┌ above a │ with text behind, and a ┐ on the same row."""
    tops, bottoms, names = {}, {}, set()
    for y in range(1, len(rows) - 1):
        x = 0
        while x < width:
            end = rows[y].find("│", x + 1) if rows[y][x] == "│" else -1
            inside = rows[y][x + 1:end] if end > 0 else ""
            is_box = (end > 0 and rows[y - 1][x] == "┌" and rows[y - 1][end] == "┐" and
                      rows[y + 1][x] == "└" and rows[y + 1][end] == "┘" and inside.strip() and
                      all(c in "─┴" for c in rows[y - 1][x + 1:end]) and
                      all(c in "─┬" for c in rows[y + 1][x + 1:end]))
            if not is_box:
                x += 1
                continue
            name = inside.strip()
            assert name not in names, name
            names.add(name)
            for k in range(x, end + 1):
                tops[y - 1, k] = name
                bottoms[y + 1, k] = name
            x = end
    return tops, bottoms, names


def follow(y, x, way, tops, seen):
    """Yields the boxes that the line leaving (y, x) in this direction leads into."""
    while True:
        y, x = y + way[0], x + way[1]
        if (y, x) in tops:
            assert way == DOWN and rows[y][x] == "┴", (y, x)
            yield tops[y, x]
            return
        char = rows[y][x]
        if char == "│" and way in (LEFT, RIGHT):
            continue  # another line goes down across
        back = (-way[0], -way[1])
        assert back in WAYS.get(char, ()), f"a line ends at {y}, {x}"
        assert (y, x, way) not in seen, "lines join"
        seen.add((y, x, way))
        ways = [other for other in WAYS[char] if other != back]
        for other in ways[1:]:
            yield from follow(y, x, other, tops, seen)
        way = ways[0]


tops, bottoms, names = find_boxes()
needs = {name: set() for name in names}
entered = set()
for (y, x), name in bottoms.items():
    if rows[y][x] == "┬":
        for below in follow(y, x, DOWN, tops, entered):
            assert name not in needs[below], "drawn twice"
            needs[below].add(name)
for name in sorted(needs):
    print(f"{name}:", *sorted(needs[name]))
