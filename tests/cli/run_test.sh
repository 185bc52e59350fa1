#!/bin/sh
# rmv run: a command, recorded in the commit of what it did.
. "$(dirname "$0")/lib.sh"

message() { git log -1 --format=%B "$@"; }
record() { message | python3 -c "
import json, sys; text = sys.stdin.read()
d = json.loads(text.split('=== Do not change lines below ===\n')[1].split('^^^ Do not change lines above ^^^')[0])
$1"; }

repository "$TEST_FOLDER/main"
printf 'a\nNA\nb\n' >raw.csv; echo 'grep -v NA "$1" >"$2"' >clean.sh; echo old >notes.txt
rmv add -q raw.csv; git add -A; git commit -qm start
it 'runs a command and commits what it made'      'says "Recorded as [0-9a-f]{40}" rmv run -i raw.csv -i clean.sh -o clean.csv -m "take NA out" sh clean.sh raw.csv clean.csv; test "$(tr "\n" " " <clean.csv)" = "a b "; test -f clean.csv.rmv; test -z "$(git status --porcelain)"; rmv status -q'
it 'says in the message what it was'              'test "$(git log -1 --format=%s)" = "[RMV RUNCMD] take NA out"; record "assert d == {\"chain\": [], \"cmd\": \"sh clean.sh raw.csv clean.csv\", \"exit\": 0, \"inputs\": [\"raw.csv\", \"clean.sh\"], \"outputs\": [\"clean.csv\"], \"pwd\": \".\"}, d"'
it 'shows the command in the lineage of its output' 'rmv lineage clean.csv >out; cat out; grep "sh clean.sh raw.csv clean.csv" out; grep "raw.csv" out; grep "clean.sh" out; grep "The chain holds" out; rmv lineage --json clean.csv | grep "run:."; rm out; rmv fsck -q'
it 'records nothing when nothing changed'         'git rev-parse HEAD >before; says "Nothing was recorded" rmv run true; git rev-parse HEAD | diff before -; rm before'
it 'saves tracked files and data that nobody named' 'rmv run -q "echo new >notes.txt; echo c >>raw.csv"; git show --stat HEAD | grep notes.txt; git show --stat HEAD | grep raw.csv.rmv; rmv status -q; test -z "$(git status --porcelain)"'
it 'warns of new files that nobody named'         'says "warning.*stray.txt. is new and was not saved" rmv run "echo x >stray.txt; echo newer >notes.txt"; git status --porcelain | grep "?? stray.txt"; rm stray.txt'
it 'quotes arguments of a command'                'rmv run -q -o "o p" sh -c "printf \"%s\" \"\$1\" >\"o p\"" x "it'"'"'s \$HOME"; test "$(cat "o p")" = "it'"'"'s \$HOME"'
it 'runs it again from the commit'                '
    at=$(git log --format=%H --grep "take NA out"); printf "d\nNA\n" >raw.csv; rmv add -q raw.csv; git add -A; git commit -qm data
    rmv run -q --rerun "$at"; test "$(cat clean.csv)" = d; test "$(git log -1 --format=%s)" = "[RMV RUNCMD] take NA out"
    record "assert d[\"chain\"] == [\"$at\"] and d[\"cmd\"] == \"sh clean.sh raw.csv clean.csv\""; rmv status -q'
it 'makes a chain of it'                          'printf "e\n" >raw.csv; rmv add -q raw.csv; git commit -qam data2; rmv run -q --rerun HEAD~1; record "assert len(d[\"chain\"]) == 2"'
it 'runs again what DataLad recorded'             '
    git commit -q --allow-empty -m "[DATALAD RUNCMD] hello

=== Do not change lines below ===
{
 \"chain\": [],
 \"cmd\": \"echo hi >>notes.txt\",
 \"dsid\": \"1d0d1f9c-0000-0000-0000-000000000000\",
 \"exit\": 0,
 \"extra_inputs\": [],
 \"inputs\": [],
 \"outputs\": [\"notes.txt\"],
 \"pwd\": \".\"
}
^^^ Do not change lines above ^^^"; rmv run -q --rerun HEAD; tail -n 1 notes.txt | grep hi; git show --stat HEAD | grep notes.txt; test "$(git log -1 --format=%s)" = "[RMV RUNCMD] hello"'
it 'runs again what DataLad recorded with braces' '
    git commit -q --allow-empty -m "[DATALAD RUNCMD] braces

=== Do not change lines below ===
{\"chain\": [], \"cmd\": \"echo {{a}} \${{PWD:+set}} >>notes.txt\", \"exit\": 0, \"inputs\": [], \"outputs\": [\"notes.txt\"], \"pwd\": \".\"}
^^^ Do not change lines above ^^^"; rmv run -q --rerun HEAD; test "$(tail -n 1 notes.txt)" = "{a} set"
    git commit -q --allow-empty -m "[DATALAD RUNCMD] braces

=== Do not change lines below ===
{\"chain\": [], \"cmd\": \"echo {{b}} {inputs} >>{outputs}\", \"exit\": 0, \"inputs\": [\"raw.csv\"], \"outputs\": [\"notes.txt\"], \"pwd\": \".\"}
^^^ Do not change lines above ^^^"; rmv run -q --rerun HEAD; test "$(tail -n 1 notes.txt)" = "{b} raw.csv"'
it 'records nothing of a command that fails'      'git rev-parse HEAD >../before; exits 1 rmv run -o bad.out "echo x >bad.out; exit 3"; says "failed: exit status 3" rmv run "exit 3"; git rev-parse HEAD | diff ../before -; ! test -e bad.out.rmv; rm bad.out'
it 'names an output that was not made'            'exits 3 rmv run -o never.out true; says "did not make output .never.out." rmv run -o never.out true; git rev-parse HEAD | diff ../before -'
it 'names an input that is not there'             'exits 3 rmv run -i nope "echo x >ran"; says "input .nope. does not exist" rmv run -i nope "echo x >ran"; ! test -e ran'
it 'refuses where changes are not committed'      'echo dirty >>notes.txt; exits 4 rmv run "echo x >ran"; says "hint: .*--explicit" rmv run "echo x >ran"; git checkout -q notes.txt; echo z >>raw.csv; says "raw.csv. changed since it was added" rmv run "echo x >ran"; rmv checkout -q -f raw.csv; ! test -e ran'
it 'saves only outputs with --explicit'           'echo dirty >>notes.txt; echo y >other.txt; git add other.txt; rmv run -q --explicit -o e.out "echo e >e.out; echo more >>notes.txt"; git show --stat HEAD | grep e.out.rmv; ! git show --stat HEAD | grep -E "notes|other"; git status --porcelain >out; grep "^ M notes.txt" out; grep "^A  other.txt" out; git reset -q other.txt; rm other.txt; git checkout -q notes.txt'
it 'refuses the output of a stage'                'printf "stages:\n  s: {cmd: \"echo s >s.out\", outs: [s.out]}\n" >rmv.yaml; git add -A; git commit -qm stage; exits 4 rmv run -o s.out "echo x >s.out"; says "stage .s. makes .s.out." rmv run -o s.out "echo x >s.out"; ! test -e s.out'
it 'runs in the folder where it is started'       'mkdir -p sub; (cd sub; rmv run -q -i ../raw.csv -o o.txt "cat ../raw.csv >o.txt"); test -f sub/o.txt.rmv; record "assert d[\"pwd\"] == \"sub\" and d[\"inputs\"] == [\"../raw.csv\"] and d[\"outputs\"] == [\"o.txt\"], d"; printf "f\n" >raw.csv; rmv add -q raw.csv; git commit -qam data3; rmv run -q --rerun HEAD~1; test "$(cat sub/o.txt)" = f'
it 'writes to outputs that are links'             'rmv config --local cache.type hardlink 2>/dev/null || rmv config cache.type hardlink; git add -A; git commit -qm links || :; echo 1 >l.out; rmv add -q l.out; git add -A; git commit -qm l; test ! -w l.out || test "$(id -u)" = 0; rmv run -q -o l.out "echo 2 >>l.out"; rmv fsck -q; test "$(tr "\n" " " <l.out)" = "1 2 "'
it 'shows what would be recorded'                 'git rev-parse HEAD >../before; rmv run --dry-run -o x.out "echo >x.out" | grep "^\[RMV RUNCMD\] echo >x.out$"; ! test -e x.out; git rev-parse HEAD | diff ../before -'
it 'prints JSON'                                  'rmv run --json -o j.out "echo j >j.out" | python3 -c "import json,sys; d=json.load(sys.stdin); assert len(d[\"commit\"]) == 40 and d[\"saved\"] == [\"j.out\"] and d[\"unsaved\"] == [], d"'
it 'refuses a record that leads out of the workspace' '
    git commit -q --allow-empty -m "[RMV RUNCMD] x

=== Do not change lines below ===
{\"cmd\": \"true\", \"pwd\": \".\", \"inputs\": [\"../../etc/passwd\"]}
^^^ Do not change lines above ^^^"; exits 10 rmv run --rerun HEAD'
it 'names a commit that is no run'                'git commit -q --allow-empty -m plain; exits 3 rmv run --rerun HEAD; says "not the commit of a run" rmv run --rerun HEAD; exits 3 rmv run --rerun nope'
it 'wants a command, and one thing at a time'     'exits 2 rmv run; exits 2 rmv run --rerun HEAD x; exits 2 rmv run -o x --rerun HEAD'
ran=$(cat <<'END'
[RMV RUNCMD] cat 'a b.txt' c.txt >'o 1.txt'; printf %s c.txt >>'o 1.txt'
END
)
it 'puts inputs and outputs where they are named' '
    printf 1 >"a b.txt"; printf 2 >c.txt; git add -A; git commit -qm two
    rmv run -q -i "a b.txt" -i c.txt -o "o 1.txt" "cat {inputs} >{outputs}; printf %s {inputs[1]} >>{outputs[0]}"
    test "$(cat "o 1.txt")" = 12c.txt; test "$(git log -1 --format=%s)" = "$ran"
    record "assert d[\"cmd\"] == \"cat {inputs} >{outputs}; printf %s {inputs[1]} >>{outputs[0]}\", d"
    rmv lineage "o 1.txt" | grep "command" | grep -F "${ran#* RUNCMD] }"'
it 'puts them there again when it runs again'     'printf 7 >c.txt; git commit -qam seven; rmv run -q --rerun HEAD~1; test "$(cat "o 1.txt")" = 17c.txt; record "assert d[\"cmd\"].startswith(\"cat {inputs} >{outputs}\")"'
it 'finds them in arguments, too'                 'rmv run -q -i "a b.txt" -o "p q" sh -c "cat \"\$0\" >\"\${1#--to=}\"" {inputs[0]} --to={outputs}; test "$(cat "p q")" = 1; record "assert d[\"cmd\"].endswith(\" {inputs[0]} --to={outputs}\"), d"'
braces=$(cat <<'END'
awk '{{print $1; x = "{{inputs}}"; print x}}' {inputs} >{outputs}; printf ${PWD:+set} >>{outputs}
END
)
it 'takes double braces for braces'               'rmv run -q -i c.txt -o r.txt "$braces"; test "$(tr "\n" " " <r.txt)" = "7 {inputs} set"'
braces=$(cat <<'END'
echo 5 | awk '{if (1) {print $1}}' >s.txt; echo {x} ${inputs:-none} >>s.txt
END
)
it 'leaves commands without any as they are'      'rmv run -q -o s.txt "$braces"; test "$(tr "\n" " " <s.txt)" = "5 {x} none "'
it 'knows where it runs'                          'mkdir -p deep; (cd deep; rmv run -q -o t.txt "echo {pwd} {dspath} >{outputs}"); test "$(cat deep/t.txt)" = "$PWD/deep $PWD"'
it 'refuses placeholders that stand for nothing'  'exits 2 rmv run -i c.txt "cat {inputs[1]}"; says "there is no .inputs.1.. in" rmv run -i c.txt "cat {inputs[1]}"; exits 2 rmv run -i c.txt "cat {inputs} {input}"; says "hint: .*{{ and }}" rmv run -i c.txt "cat {inputs} {input}"; exits 2 rmv run --dry-run "cat {inputs[0]}"'
it 'needs Git'                                    'mkdir ../plain; cd ../plain; rmv init -q --no-scm; exits 2 rmv run true; says "no repository" rmv run true'
