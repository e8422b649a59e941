// Puts the same history on two brokers, asks both the same questions over the management HTTP API and compares the answers
// field by field. A difference is either explained in explained.js, or it is a failure.
//
//   npm run compare -- URL                compares a broker with a Leveret that is started for it
//   npm run compare -- URL_A URL_B        compares two brokers
//   npm run compare -- --definitions URL  takes definitions from a broker through a Leveret and back, and looks for losses
//   --verbose                             also shows what is explained
//
// A URL is that of a management API: http://guest:guest@localhost:15672. What is made is deleted again.
import { compareAnswers } from './answers.js';
import { Api } from './api.js';
import { explanationOf, explanations } from './explained.js';
import { cleaning, history } from './history.js';
import { questions } from './questions.js';
import { roundTrip } from './round-trip.js';
import { startLeveret } from './leveret.js';

const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const urls = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

async function compare(a, b) {
  await clean([a, b]);
  const found = [];
  for (const request of history) found.push(...(await ask(request, a, b)));
  await Promise.all([a.settle(), b.settle()]);
  for (const question of questions) found.push(...(await ask(question, a, b)));
  await clean([a, b]);
  return found;
}

async function ask(request, a, b) {
  const [one, other] = await Promise.all([a.request(request), b.request(request)]);
  const [method, path, , login] = request;
  const name = `${method} ${path}${login === undefined ? '' : ` as ${login.split(':')[0] || 'nobody'}`}`;
  return compareAnswers(one, other).map((difference) => ({
    request: name,
    version: a.version,
    ...difference,
  }));
}

async function clean(apis) {
  for (const request of cleaning) await Promise.all(apis.map((api) => api.request(request)));
}

function report(found, a, b) {
  const unexplained = found.filter((difference) => explanationOf(difference) === undefined);
  for (const { request, field, kind, values } of unexplained) {
    process.stdout.write(`${request}\n    ${field}: ${kind}  ${values.map(shorten).join('  |  ')}\n`);
  }
  if (flags.includes('--verbose')) {
    for (const { why, where, field } of explanations) {
      const count = found.filter((difference) => explanationOf(difference)?.why === why).length;
      process.stdout.write(`${String(count).padStart(6)}  ${where ?? ''} ${field ?? ''}  ${why}\n`);
    }
  }
  const asked = history.length + questions.length;
  process.stdout.write(
    `${a.version} and ${b.version}: ${asked} requests, ${found.length - unexplained.length} differences explained, ` +
      `${unexplained.length} not\n`,
  );
  return unexplained.length === 0;
}

function shorten(value) {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 150 ? `${text.slice(0, 150)}...` : text;
}

const KNOWN = ['--definitions', '--verbose'];
if (urls.length === 0 || urls.length > 2 || flags.some((flag) => !KNOWN.includes(flag))) {
  process.stderr.write(
    'npm run compare -- [--definitions] [--verbose] URL [URL], each that of a management API\n',
  );
  process.exit(2);
}
const own = urls.length === 1 ? await startLeveret() : undefined;
let isGood = false;
try {
  const [a, b] = await Promise.all([urls[0], urls[1] ?? own?.url].map((url) => Api.open(url)));
  isGood = flags.includes('--definitions') ? await roundTrip(a, b) : report(await compare(a, b), a, b);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
} finally {
  await own?.stop();
}
process.exitCode = isGood ? 0 : 1;
