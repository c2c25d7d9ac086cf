# completion of loop for bash; made by .ci/generate.py from loop_cli/cli/shells.py

_loop_complete() {
    local kind word about width=0 show='' line
    local -a words=() abouts=()
    COMPREPLY=()
    {
        IFS= read -r kind || return 0
        while IFS=$'\t' read -r word about; do
            words+=("$word")
            abouts+=("$about")
            (( ${#word} > width )) && width=${#word}
        done
    } < <("${COMP_WORDS[0]}" __complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    case $kind in
        files) compopt -o default; return 0 ;;
        folders) compopt -o dirnames; return 0 ;;
    esac
    compopt -o nosort 2>/dev/null
    if (( ${#words[@]} == 1 )); then
        [[ ${words[0]} == *= ]] && compopt -o nospace
        COMPREPLY=("${words[0]}")
        return 0
    fi
    [[ ${words[0]} == *= ]] && compopt -o nospace
    [[ $COMP_TYPE == 63 || $COMP_TYPE == 33 ]] && show=yes
    (( width > 40 )) && width=40
    for line in "${!words[@]}"; do
        if [[ $show && ${abouts[line]} ]]; then
            printf -v word '%-*s  (%s)' "$width" "${words[line]}" "${abouts[line]}"
            COMPREPLY+=("${word:0:${COLUMNS:-80}-2}")
        else
            COMPREPLY+=("${words[line]}")
        fi
    done
    # Words that do not begin with what was typed are listed, not put in its place.
    [[ $kind == fuzzy ]] && COMPREPLY+=(' ')
    return 0
}

complete -F _loop_complete loop
