#!/bin/sh
# rmv diff --key: which rows of a CSV file were added, removed and changed.
. "$(dirname "$0")/lib.sh"

(
    repository w && mkdir data && printf 'id,name,price\n1,one,10\n2,two,20\n3,"three, or more",30\n4,four,40\n' >data/t.csv && rmv add -q data && git add -A && git commit -qm v1 && git tag v1 &&
    printf 'price,id,name\n25,2,two\n10,1,one\n30,3,"three\nlines"\n50,5,"say ""five"""\n' >data/t.csv && rmv add -q data && git add -A && git commit -qm v2 && git tag v2
) || exit 1
# A workspace whose HEAD has the first text as t.csv, and that has the second one: table <folder> <old> <new>
table() { repository "$1" && printf "$2" >t.csv && rmv add -q t.csv && git add -A && git commit -qm one && printf "$3" >t.csv; }

it 'finds rows by their key, in any order, and columns too' 'cd w && test "$(rmv diff --key id v1 v2 data/t.csv)" = "changed   id=2: price 20 → 25
changed   id=3: name three, or more → \"three\\nlines\"
added     id=5: price=50, name=\"say \\\"five\\\"\"
removed   id=4: name=four, price=40
1 added, 1 removed, 2 changed, 1 unchanged"'
it 'prints nothing of equal versions'      'cd w && test "$(rmv diff --key id v1 v1 data/t.csv)" = "0 added, 0 removed, 0 changed, 4 unchanged"'
it 'compares with the workspace'           'cp -a w here && cd here && sed -i s/25/26/ data/t.csv && rmv diff --key id data/t.csv | grep -x "changed   id=2: price 25 → 26" && rmv diff --key id v1 data/t.csv | grep "price 20 → 26" && rmv diff --key id v1 -- data/t.csv | grep "price 20"'
it 'needs no data in the workspace for two revisions' 'cp -a w gone && cd gone && rm -r data && rmv diff --key id v1 v2 data/t.csv | grep "1 added" && exits 3 rmv diff --key id v1 data/t.csv'
it 'takes keys of several columns'         '(table several "a,b,x\n1,1,p\n1,2,q\n" "a,b,x\n1,2,r\n2,1,p\n") && cd several && test "$(rmv diff --key a,b t.csv | head -3)" = "changed   a=1, b=2: x q → r
added     a=2, b=1: x=p
removed   a=1, b=1: x=p"'
it 'does not take (a, bc) for (ab, c)'     '(table apart "a,b,x\na,bc,1\n" "a,b,x\nab,c,1\n") && cd apart && rmv diff --key a,b t.csv | grep "1 added, 1 removed, 0 changed"'
it 'names columns that only one version has' '(table columns "id,x,old\n1,1,a\n2,1,b\n" "id,new,x\n1,z,1\n2,z,2\n") && cd columns && rmv diff --key id t.csv >out && cat out && grep -x "changed   id=2: x 1 → 2" out && grep -x "added column new" out && grep -x "removed column old" out && grep "1 changed, 1 unchanged" out'
it 'tells an empty field'                  '(table empty "id,x\n1,a\n" "id,x\n1,\n") && cd empty && rmv diff --key id t.csv | grep -x "changed   id=1: x a → (empty)"'
it 'prints JSON' 'cd w && rmv diff --json --key id v1 v2 data/t.csv | python3 -c "
import json, sys
d = json.load(sys.stdin)
rows = {r[\"key\"][\"id\"]: r for r in d[\"rows\"]}
assert rows[\"2\"] == {\"change\": \"changed\", \"line\": 2, \"key\": {\"id\": \"2\"}, \"columns\": {\"price\": {\"old\": \"20\", \"new\": \"25\"}}}, rows
assert rows[\"5\"][\"row\"] == {\"price\": \"50\", \"name\": \"say \\\"five\\\"\"} and rows[\"4\"][\"change\"] == \"removed\", rows
assert rows[\"3\"][\"columns\"][\"name\"][\"new\"] == \"three\nlines\"
assert (d[\"added\"], d[\"removed\"], d[\"changed\"], d[\"unchanged\"]) == (1, 1, 2, 1) and d[\"added_columns\"] == []"'
it 'prints JSON where nothing differs'     'cd w && rmv diff --json --key id v1 v1 data/t.csv | python3 -c "import json,sys; d=json.load(sys.stdin); assert d[\"rows\"] == [] and d[\"unchanged\"] == 4"'
it 'prints JSON of what is no UTF-8'       '(table bytes "id,x\n1,a\n" "id,x\n1,\\377\n") && cd bytes && rmv diff --json --key id t.csv | python3 -c "import json,sys; assert json.load(sys.stdin)[\"rows\"][0][\"columns\"][\"x\"] == {\"old\": \"a\", \"new-bytes\": \"%FF\"}"'
it 'refuses two rows with one key, and names both lines' '(table twice "id,x\n1,a\n" "id,x\n1,a\n2,b\n\n1,c\n") && cd twice && exits 5 rmv diff --key id t.csv && says "t.csv:5: this row of the new version .* line 2" rmv diff --key id t.csv && test -z "$(rmv diff --key id t.csv 2>/dev/null)" && git stash -q 2>/dev/null; rmv add -q t.csv && git commit -qam two && printf "id,x\n1,a\n" >t.csv && says "old version" rmv diff --key id t.csv'
it 'refuses records that break the rules, with the line' '(table broken "id,x\n1,a\n" "id,x\n1,a\n2,b,c\n") && cd broken && exits 5 rmv diff --key id t.csv && says "the new version: t.csv:3: the record has 3 fields, the header 2" rmv diff --key id t.csv && printf "id,x\n1,\"a\n" >t.csv && exits 5 rmv diff --key id t.csv && says "t.csv:2: " rmv diff --key id t.csv'
it 'refuses columns that are not there'    'cd w && exits 5 rmv diff --key nr v1 v2 data/t.csv && says "the old version: .*no column nr" rmv diff --key nr v1 v2 data/t.csv && says "names id, name, price" rmv diff --key nr v1 v2 data/t.csv'
it 'refuses what is no table'              '(table none "" "id\n") && cd none && exits 5 rmv diff --key id t.csv && says "is empty" rmv diff --key id t.csv'
it 'refuses what is not tracked, folders and unknown revisions' 'cd w && : >plain.csv && exits 3 rmv diff --key id plain.csv && exits 2 rmv diff --key id v1 v2 data && exits 3 rmv diff --key id nowhere -- data/t.csv && exits 3 rmv diff --key id v1 v2 data/none.csv'
it 'refuses wrong requests'                'cd w && exits 2 rmv diff --key id && exits 2 rmv diff --key "" data/t.csv && exits 2 rmv diff --key id,,x data/t.csv && exits 2 rmv diff --key id,id data/t.csv && exits 2 rmv diff --key id v1 v2 data/t.csv data/t.csv'
it 'names an object that is lost'          'cp -a w lost && cd lost && rm -rf .rmstore/objects/packs && exits 3 rmv diff --key id v1 v2 data/t.csv'
it 'leaves nothing behind'                 'cd w && find .rmstore -type f | sort >../before && rmv diff --key id v1 v2 data/t.csv && find .rmstore -type f | sort | cmp - ../before'
cat >large.py <<'PY'
import json, random, subprocess, sys
random.seed(7)
n = 300000
old = {i: random.randrange(10**6) for i in range(n)}
new = dict(old)
for i in random.sample(range(n), 500): del new[i]
changed = [i for i in random.sample(range(n), 2000) if i in new]
for i in changed: new[i] += 1
for i in range(n, n + 700): new[i] = 1
def write(rows, path):
    with open(path, "w") as f:
        f.write("id,value,filler\n")
        keys = list(rows); random.shuffle(keys)
        for k in keys: f.write("%d,%d,some more text for row %d\n" % (k, rows[k], k))
write(old, "t.csv")
subprocess.check_call("rmv add -q t.csv && git add -A && git commit -qm one", shell=True)
write(new, "t.csv")
import resource
out = subprocess.run(["rmv", "diff", "--json", "--key", "id", "t.csv"], capture_output=True, check=True).stdout
d = json.loads(out)
assert d["added"] == 700 and d["removed"] == 500 and d["changed"] == len(changed), {k: d[k] for k in d if k != "rows"}
assert d["unchanged"] == n - 500 - len(changed)
found = {int(r["key"]["id"]): r for r in d["rows"] if r["change"] == "changed"}
assert set(found) == set(changed)
for i in changed: assert found[i]["columns"] == {"value": {"old": str(old[i]), "new": str(new[i])}}, found[i]
PY
it 'finds every difference of large tables in another order' 'repository large && timeout 100 python3 ../large.py'
