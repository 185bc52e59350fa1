# For tests of recomart: `golden FOLDER` makes a workspace with the project's settings and the
# customer's 61 events as prepared interactions, one a minute, and goes there.
golden() {
    mkdir -p "$1/data/processed" && cd "$1" || exit 1
    cp -R "$SOURCE_ROOT/data/config" data/
    cp "$SOURCE_ROOT/params.yaml" .
    echo 'U1 1v 1c 2v 2a 3v U2 3v 3c 4v 5v U3 2v 2c 5v 6v U4 1v 1c 3v 7v U5 4v 4a 2v 8v U6 5v 5c 9v
        U7 3v 3c 10v U8 1v 2v 11v U9 4v 4c 12v U10 5v 13v U11 6v 6c 14v U12 7v 15v U13 8v 8c 16v
        U14 9v 17v U15 10v 10a 18v U16 11v 19v U17 12v 12c 20v U18 13v 14v U19 15v 16v
        U20 17v 18v 19v 20v' | tr -s ' \n' '\n' | awk '
        BEGIN {
            split("3.9 4.1 4.7 2.1 4.6 3.9 3 1.9 3.3 2.9 4.8 4.8 2.9 2.2 2.6 2.9 3.8 4.7 4.5 3.6", rating)
            score["v"] = 1; score["c"] = 2; score["a"] = 3
            print "user_id,product_id,event_type,timestamp,rating.rate,event_score"
        }
        /^U/ { user = $1; next }
        /./ {
            product = substr($1, 1, length($1) - 1); kind = substr($1, length($1))
            printf "%s,%s,%s,2025-01-01 %02d:%02d:00,%s,%d\n", user, product, kind,
                8 + int(n / 60), n % 60, rating[product], score[kind]
            n++
        }' >data/processed/prepared_interactions.csv
}
