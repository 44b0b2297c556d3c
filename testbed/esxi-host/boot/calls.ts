/** How a program of the host hands its call to the process that answers all of them (programs/serve.ts). */
export const REQUESTS = "/.stand-in/requests";
export const WORD_END = "\u001f";
export const CALL_END = "\u001e";

/** They need a process of their own: they stream, or run while nothing answers. */
const ALONE = ["boot", "serve", "esxtop", "reboot", "halt", "poweroff"];

/** Builtins of the shell and whole paths alone, as a session may have any PATH. One write of less than 4 KiB is not mixed with others. */
export const RUN = `#!/bin/sh
case $1 in ${ALONE.join(" | ")})
  export NODE_COMPILE_CACHE=/.stand-in/cache
  exec /.stand-in/node --disable-warning=ExperimentalWarning /.stand-in/project/testbed/esxi-host/programs/main.ts "$@" ;;
esac
answer=/.stand-in/calls/$$
/bin/rm -f $answer $answer.out $answer.err
/bin/mkfifo $answer
exec 3<>$answer
call=$answer${WORD_END}$PWD
for word in "$@"; do call=$call${WORD_END}$word; done
printf '%s${CALL_END}' "$call" >${REQUESTS}
read -r code <&3
/bin/cat $answer.out
[ ! -s $answer.err ] || /bin/cat $answer.err >&2
/bin/rm -f $answer $answer.out $answer.err
exit $code
`;
