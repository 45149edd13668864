# shellcheck shell=bash disable=SC2034,SC2154
# Which files are loaded, and loading them. Expects stack.sh; fills `files` (kind to file names, one a line) and, while loading,
# results/<kind>.jsonl (one line of counts a file) and rejects/ (what was refused, with line and reason).

kinds=(watches demands providers products patents achievements applications observations)
declare -A files=()

# find_files KIND DIRECTORY [GLOB...]: without a glob the names that --input documents.
find_files () {
    local kind=$1 directory=$2 found=() name
    shift 2
    (($# > 0)) || set -- "$kind*.xml" "$kind*.jsonl" "$kind*.csv" "$kind*.tsv" "$kind*.xml.gz" "$kind*.jsonl.gz" "$kind*.csv.gz" "$kind*.tsv.gz"
    for name in "$@"; do
        mapfile -t -O ${#found[@]} found < <(compgen -G "$directory/$name" | sort)
    done
    ((${#found[@]} == 0)) || files[$kind]+=$(printf '%s\n' "${found[@]}")$'\n'
}

choose_input () {
    local kind
    for kind in "${kinds[@]}"; do
        find_files "$kind" "$1"
    done
    ((${#files[@]} > 0)) || fail "$1 holds none of the files that --help names"
}

choose_samples () {
    local kind samples=$root/tests/data
    for kind in "${kinds[@]}"; do
        find_files "$kind" "$samples" "$kind.jsonl" "${kind}_*.csv"
    done
    find_files patents "$samples/patents" '*.xml' '*.jsonl'
}

# Real documents, achievements and demands; who watches them, and the capital, are the samples.
choose_real () {
    local data=$1 kind
    for kind in watches demands providers products applications observations; do
        find_files "$kind" "$root/tests/data" "$kind.jsonl"
    done
    find_files patents "$data/patents" uspto_grants_20120327_v42.xml.gz uspto_grants_20090421_utility_v42.xml.gz \
        'uspto_dtd_versions/application/v4*' us_grants_2018_title_abstract.jsonl.gz cn_patents_title_ipc.jsonl.gz
    find_files achievements "$data/achievements" 'nasa_*.jsonl.gz' 'csl_*.jsonl.gz' 'csl_*.tsv.gz'
    find_files demands "$data/demands" 'sbir_*.jsonl.gz'
}

# The column map beside a file, if there is one: rows.csv.gz has rows.map.
map_beside () {
    local stem=${1%.gz}
    stem=${stem%.*}
    [[ ! -f $stem.map ]] || printf '%s\n' "$stem.map"
}

import_file () {
    local kind=$1 file=$2 log=log/import.log map code=0 options=()
    map=$(map_beside "$file")
    [[ -z $map ]] || options+=(--map "$map")
    ./ttctl import "$kind" "$file" --rejects rejects/ --json "${options[@]}" 2>>"$log" || code=$?
    ((code == 0 || code == 4)) # 4: done, some records were rejected
}

count_of () {
    [[ $2 =~ \"$1\":\ ?([0-9]+) ]] && printf '%s' "${BASH_REMATCH[1]}"
}

load () {
    local kind=$1 file counts
    while IFS= read -r file; do
        [[ -n $file ]] || continue
        counts=$(import_file "$kind" "$file") || fail "importing $kind from $file failed" log/import.log
        printf '%s\n' "$counts" >>"results/$kind.jsonl"
        say "    $kind from ${file##*/}: $(count_of read "$counts") read, $(count_of accepted "$counts") accepted, $(count_of rejected "$counts") rejected"
    done <<<"${files[$kind]:-}"
}
