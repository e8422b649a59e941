// Adds to package-lock.json what `npm install` leaves out when the registry at hand does not serve the packages of
// every platform: without them `npm ci` calls the lock file out of date. Run it after every change of dependencies.
import { readFileSync, writeFileSync } from 'node:fs';

const PLATFORM =
  /(?<os>android|darwin|freebsd|linux|openharmony|win32)-(?<cpu>arm64|arm|x64|ia32|loong64|ppc64|riscv64|s390x)(?:-(?<libc>gnu|musl))?/;

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const { packages } = lock;
let added = 0;
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (packages[`node_modules/${name}`] || packages[`${path}/node_modules/${name}`]) continue;
    const platform = PLATFORM.exec(name)?.groups;
    if (platform === undefined) continue;
    const { os, cpu, libc } = platform;
    packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(dev ? { dev } : {}),
      ...(libc === undefined ? {} : { libc: [libc === 'gnu' ? 'glibc' : libc] }),
      optional: true,
      os: [os],
    };
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`added ${added} optional packages of other platforms\n`);
