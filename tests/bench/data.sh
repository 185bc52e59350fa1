# The workloads: made once by build/generate, kept in $data_folder, and never written to.

# data_of WORKLOAD: the folder of its data, made if it is not there.
data_of() {
    local name=$1 folder
    [ "$scale" = 1 ] || name=$1@$scale
    folder=$data_folder/$name
    if [ ! -d "$folder" ]; then
        echo "generating $name" >&2
        rm -rf "$folder.part"
        case $1 in
        *x10) generate "${1%x10}" "$folder.part" "$(number "10 * $scale")" ;;
        *) generate "$1" "$folder.part" "$scale" ;;
        esac
        mv "$folder.part" "$folder"
    fi
    echo "$folder"
}

# The reference generator is in Python and has the same plan; data that compresses otherwise makes other benchmarks.
# Of its first MB, all files behind each other in the order of their names, zstd -1 leaves so many per cent.
reference_of() { # reference_of WORKLOAD: MB and per cent
    case $1 in
    W2) echo 200 19.94 ;;
    W4) echo 100 20.86 ;;
    esac
}

compressed_percent() { # compressed_percent FOLDER MB: the same of ours, or of all of it where that is less
    local size
    size=$(number "$(bytes_in "$1") < $2 ? $(bytes_in "$1") : $2")
    { find "$1" -type f | sort | tr '\n' '\0' | xargs -0 cat 2>/dev/null || true; } |
        head -c "${2}MB" | zstd -1 -T2 -q -c | wc -c | awk -v mb="$size" '{ printf "%.2f", $1 / mb / 1e4 }'
}
