/** How the program was called, so that a command that it prints works where it is printed. */
export interface Invocation {
  /** As it was called: `obs-code-sync`, `npm start -s --`. */
  readonly program: string;
  /** What every command needs besides, with a blank before it: ` --config /etc/obs.yaml`; may be empty. */
  readonly options: string;
}

/** A whole command line to copy, e.g. of `sync --approve 3f9c0a12b7de48f1`. */
export function commandLine({ program, options }: Invocation, command: string): string {
  return `${program} ${command}${options}`;
}

const named = /`((?:sync|status|check|migrate)(?: [^`]*)?)`/g;

/**
 * A message with the commands that it names in backticks, such as `migrate`, as command lines to copy. The code that
 * writes a message does not know how the program was called, and stored messages are shown elsewhere. So this is done
 * where a message is shown.
 */
export function withCommandLines(message: string, invocation: Invocation): string {
  return message.replaceAll(named, (_, command: string) => `\`${commandLine(invocation, command)}\``);
}
