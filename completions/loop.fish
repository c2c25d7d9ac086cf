# completion of loop for fish; made by .ci/generate.py from loop_cli/cli/shells.py

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
