"""The scripts with which shells call `loop __complete`; `completions/` has them as files."""

from __future__ import annotations

import os

from loop_cli.errors import StorageError
from loop_cli.system import home

SHELLS = ("bash", "zsh", "fish")

_HEAD = "completion of loop for {shell}; made by .ci/generate.py from loop_cli/cli/shells.py"

_BASH = r"""# {head}

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
"""

_ZSH = r"""#compdef loop
# {head}

_loop() {
    local kind word about
    local -a found shown open open_shown
    {
        IFS= read -r kind || return 1
        while IFS=$'\t' read -r word about; do
            if [[ $word == *= ]]; then
                open+=("$word")
                open_shown+=("$word${about:+  -- $about}")
            else
                found+=("$word")
                shown+=("$word${about:+  -- $about}")
            fi
        done
    } < <("${(Q)words[1]}" __complete zsh -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
    case $kind in
        files) _files; return ;;
        folders) _files -/; return ;;
    esac
    (( $#found + $#open )) || return 1
    [[ $kind == fuzzy ]] && (( $#found > 1 )) && compstate[insert]=menu
    (( $#found )) && compadd -U -V loop -l -d shown -a found
    (( $#open )) && compadd -U -V loop-open -S '' -l -d open_shown -a open
    return 0
}

if [[ $funcstack[1] == _loop ]]; then
    _loop "$@"
else
    compdef _loop loop
fi
"""

_FISH = r"""# {head}

function __loop_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l found ($words[1] __complete fish -- $words[2..-1] "$current" 2>/dev/null)
    switch "$found[1]"
        case files
            __fish_complete_path "$current"
        case folders
            __fish_complete_directories "$current"
        case '*'
            printf '%s\n' $found[2..-1]
    end
end

complete -c loop -f -a '(__loop_complete)'
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
FILES = {"bash": "loop.bash", "zsh": "_loop", "fish": "loop.fish"}


def script(shell: str) -> str:
    """Return the script for a shell."""
    return _SCRIPTS[shell].replace("{head}", _HEAD.format(shell=shell))


def place(shell: str) -> str:
    """Return the place where the shell looks for it. Raises `StorageError` if there is no
    folder."""
    data, settings = home.data(os.environ), home.config(os.environ)
    if data is None or settings is None:
        hint = f"loop completion show {shell} prints the script"
        raise StorageError(f"there is no place for it: {home.NO_HOME}", hint=hint)
    return {
        "bash": os.path.join(data, "bash-completion", "completions", "loop"),
        "zsh": os.path.join(data, "zsh", "site-functions", "_loop"),
        "fish": os.path.join(settings, "fish", "completions", "loop.fish"),
    }[shell]


def next_step(shell: str, path: str) -> str:
    """Say how to activate the script in `path`."""
    if shell == "fish":
        return "fish finds it by itself"
    if shell == "bash":
        return (
            f"begin a new shell; without the package bash-completion, put into ~/.bashrc: . {path}"
        )
    folder = os.path.dirname(path)
    return f"put into ~/.zshrc, before compinit: fpath=({folder} $fpath)"
