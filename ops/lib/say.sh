# shellcheck shell=bash disable=SC2034,SC2154
# What a script tells the person before it. Sourced; nothing here does work.

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'
else
    bold='' red='' plain=''
fi

say () {
    printf '%s\n' "$*"
}

step () {
    printf '%s==>%s %s\n' "$bold" "$plain" "$*"
}

# fail MESSAGE [LOG]: says what went wrong, shows the end of a log, and ends the script.
fail () {
    printf '%s%s: %s%s\n' "$red" "${0##*/}" "$1" "$plain" >&2
    if [[ -n ${2:-} && -s ${2:-} ]]; then
        printf -- '--- end of %s\n' "$2" >&2
        tail -n 20 "$2" >&2
        printf -- '---\n' >&2
    fi
    exit 1
}

# seconds_since START: START is a value of $SECONDS.
seconds_since () {
    printf '%s s' $((SECONDS - $1))
}
