import { isUtf8 } from 'node:buffer';
import type { GetMessage, Message, MessageProperties } from 'amqplib';
import { describeDeath, describeExpiration, readDeaths, type Death } from './deaths.ts';
import { dim, plural } from './output.ts';
import { instant, plain, type Plain } from './plain.ts';

/** A message as `--json` prints it. */
export interface MessageRecord {
  readonly queue: string;
  readonly exchange: string;
  readonly routing_key: string;
  readonly redelivered: boolean;
  readonly properties: Readonly<Record<string, Plain>>;
  readonly headers: Readonly<Record<string, Plain>>;
  readonly deaths: readonly Death[];
  readonly body: string;
  readonly encoding?: 'base64';
}

const DEATH_SUMMARY = /^x-(first|last)-death-/;

/** What a message is, for machines. `x-death` is told as `deaths` and left out of the headers. */
export function messageRecord(queue: string, message: Message): MessageRecord {
  const { exchange, routingKey, redelivered } = message.fields;
  const headers = { ...message.properties.headers } as Record<string, unknown>;
  const deaths = readDeaths(headers['x-death']);
  if (deaths !== undefined) delete headers['x-death'];
  return {
    queue,
    exchange,
    routing_key: routingKey,
    redelivered,
    properties: plainProperties(message.properties),
    headers: plain(headers) as Record<string, Plain>,
    deaths: deaths ?? [],
    ...(isUtf8(message.content)
      ? { body: message.content.toString() }
      : { body: message.content.toString('base64'), encoding: 'base64' }),
  };
}

function plainProperties(properties: MessageProperties): Record<string, Plain> {
  const { timestamp, ...rest } = { ...properties, headers: undefined };
  const present = Object.entries({
    ...rest,
    timestamp: timestamp === undefined ? undefined : instant(timestamp),
  });
  return Object.fromEntries(
    present
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), plain(value)]),
  );
}

/** What a message is, for people: where it came from, its properties, its deaths, and then its body. */
export function messageText(record: MessageRecord, number: number, left?: number): string {
  const body = bodyText(record);
  const lines = [
    ...propertyLines(record),
    ...headerLines(record),
    ...deathLines(record),
    ['body', body.summary],
  ].map((line) => line.map(visible));
  const width = Math.max(...lines.map(([label = '']) => label.length));
  const shown = lines.map(([label = '', value = '']) => `    ${dim(label.padEnd(width))}  ${value}`);
  return [title(record, number, left), ...shown, ...body.lines].join('\n');
}

function title(record: MessageRecord, number: number, left: number | undefined): string {
  const { exchange, routing_key: key, redelivered } = record;
  const parts = [`exchange ${JSON.stringify(exchange)}`, `key ${JSON.stringify(key)}`];
  if (redelivered) parts.push('redelivered');
  if (left !== undefined) parts.push(`${left} left`);
  return visible(`#${number}  ${parts.join(', ')}`);
}

function propertyLines({ properties }: MessageRecord): string[][] {
  return Object.entries(properties).map(([name, value]) => [
    name.replaceAll('_', '-'),
    propertyText(name, value),
  ]);
}

function propertyText(name: string, value: Plain): string {
  if (name === 'delivery_mode') return value === 2 ? 'persistent' : `transient (${JSON.stringify(value)})`;
  if (typeof value !== 'string') return JSON.stringify(value);
  return name === 'expiration' ? describeExpiration(value) : value;
}

/** The first and last death are two of the deaths, so their headers would only repeat the lines below. */
function headerLines({ headers, deaths }: MessageRecord): string[][] {
  return Object.entries(headers)
    .filter(([name]) => deaths.length === 0 || !DEATH_SUMMARY.test(name))
    .map(([name, value]) => [`header ${name}`, JSON.stringify(value)]);
}

function deathLines({ deaths }: MessageRecord): string[][] {
  return deaths.map((death, index) => [index === 0 ? 'died' : '', describeDeath(death)]);
}

function bodyText({ body, encoding }: MessageRecord): { summary: string; lines: string[] } {
  const length = Buffer.byteLength(body, encoding ?? 'utf8');
  if (encoding === 'base64') {
    return { summary: `${plural(length, 'byte')}, not text: --json prints it as base64`, lines: [] };
  }
  const text = process.stdout.isTTY
    ? body
        .split(/(?<=\n)|(?=\r\n)/)
        .map(visibleLine)
        .join('')
    : body;
  return { summary: plural(length, 'byte'), lines: body === '' ? [] : [text.replace(/\n$/, '')] };
}

function visibleLine(line: string): string {
  return line.endsWith('\n') ? `${visible(line.slice(0, -1))}\n` : visible(line);
}

/** Text with its control characters spelt out, so that a message cannot write over the terminal. */
// oxlint-disable-next-line no-control-regex -- they are what it looks for
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;
function visible(text: string): string {
  return text.replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** How many messages the queue still held when this one was got; a delivered message does not say. */
export function leftBehind(message: Message): number | undefined {
  return (message as GetMessage).fields.messageCount;
}
