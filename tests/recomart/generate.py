#!/usr/bin/python3
"""generate.py EVENTS FOLDER [DEFECTS]: clickstream.csv and products.json of a made-up shop, the same
for the same arguments. Products have Zipf popularity, users a few interests, sessions a device and a
run of views, some of which become clicks and carts. DEFECTS (0.01 is one in a hundred) plants missing
users and products, unknown event types, devices and times, and doubled rows, and prints how many of
each as JSON."""
import bisect, itertools, json, os, random, sys

events, folder = int(sys.argv[1]), sys.argv[2]
defects = float(sys.argv[3]) if len(sys.argv) > 3 else 0
r = random.Random(20250101)
users, items, kinds = max(20, events // 50), max(20, int(8 * events ** 0.5)), 24
names = ["electronics", "jewelery", "men's clothing", "women's clothing", "home", "toys", "books", "sports"]
os.makedirs(folder, exist_ok=True)

of_kind = [list(range(k, items, kinds)) for k in range(kinds)]
zipf = [list(itertools.accumulate(1 / (n + 1) for n in range(len(of)))) for of in of_kind]
interests = [r.sample(range(kinds), 3) for _ in range(users)]
planted = dict.fromkeys(["user", "product", "event", "device", "time", "double"], 0)

def spoil(row):
    """The lines that take the place of a row."""
    what = r.choice(list(planted))
    planted[what] += 1
    if what == "double": return [",".join(row)] * 2
    place, text = {"user": (0, ""), "product": (1, ""), "event": (2, "glance"), "device": (4, "fridge"),
                   "time": (3, "yesterday")}[what]
    row[place] = text
    return [",".join(row)]

written, second = 0, 0
with open(folder + "/clickstream.csv", "w") as out:
    out.write("user_id,product_id,event_type,timestamp,device\n")
    while written < events:
        user = int(users * r.random() ** 2)
        kind = r.choice(interests[user])
        device = "web" if r.random() < 0.6 else "mobile"
        second = (second + r.randrange(5)) % 86400
        lines = []
        for step in range(1 + int(r.expovariate(0.2))):
            item = of_kind[kind][bisect.bisect(zipf[kind], r.random() * zipf[kind][-1])]
            x = r.random()
            for n, event in enumerate(["view", "click", "add_to_cart"][:3 if x < 0.05 else 2 if x < 0.25 else 1]):
                # Microseconds keep one visit's rows apart from another's.
                at = min(86399, second + step)
                stamp = "2025-01-01 %02d:%02d:%02d.%06d" % (at // 3600, at // 60 % 60, at % 60, (written * 3 + n) % 1000000)
                row = ["U%d" % (user + 1), str(item + 1), event, stamp, device]
                lines += spoil(row) if r.random() < defects else [",".join(row)]
                written += 1
        out.write("\n".join(lines) + "\n")

with open(folder + "/products.json", "w") as out:
    json.dump([{"id": i + 1, "title": "Item %d" % (i + 1), "price": round(5 + r.lognormvariate(3.5, 0.9), 2),
                "description": "Number %d of its kind" % (i // kinds + 1), "category": names[i % kinds % 8],
                "image": "", "rating": {"rate": round(1 + 4 * r.random(), 1), "count": r.randrange(20, 900)}}
               for i in range(items)], out)
print(json.dumps({"rows": written, "defects": planted}))
