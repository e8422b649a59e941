import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../bin/leveret.js', import.meta.url));

/** A broker of our own that forgets, in a process of its own. */
export async function startLeveret() {
  const child = spawn(
    process.execPath,
    [PROGRAM, 'serve', '--memory', '--port', '0', '--json', '--log-level', 'error'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  return { url: JSON.parse(line).management, stop };
}
