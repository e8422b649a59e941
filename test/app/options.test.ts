import { writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readOptionsFile } from '../../src/app/options-file.ts';
import { flagOf, mergeOptions, optionRows, variableOf } from '../../src/app/options.ts';
import { temporaryDirectory } from '../support/store.ts';

describe('where options come from', () => {
  test('a flag beats the environment, the environment the file, the file the default', () => {
    expect(mergeOptions({}, {}, {})['port']).toBe(5672);
    expect(mergeOptions({}, {}, { port: 1 })['port']).toBe(1);
    expect(mergeOptions({}, { LEVERET_PORT: '2' }, { port: 1 })['port']).toBe(2);
    expect(mergeOptions({ port: '3' }, { LEVERET_PORT: '2' }, { port: 1 })['port']).toBe(3);
  });

  test('whoever says nothing gets a data directory', () => {
    expect(mergeOptions({}, {}, {})).toMatchObject({
      data: 'leveret-data',
      memory: false,
      host: '127.0.0.1',
    });
  });

  test('of memory and data the nearer one wins, and both in one place are refused', () => {
    expect(mergeOptions({ memory: true }, { LEVERET_DATA: 'd' }, {})['data']).toBeUndefined();
    expect(mergeOptions({ data: 'd' }, { LEVERET_MEMORY: 'true' }, {})).toMatchObject({
      data: 'd',
      memory: false,
    });
    expect(mergeOptions({}, {}, { memory: true })['data']).toBeUndefined();
    expect(() => mergeOptions({ data: 'd', memory: true }, {}, {})).toThrow('exclude each other');
  });

  test('a wrong value names its source', () => {
    expect(() => mergeOptions({}, { LEVERET_PORT: 'x' }, {})).toThrow(
      'LEVERET_PORT is a whole number from 0 to 65535, got "x"',
    );
    expect(() => mergeOptions({}, {}, { memory: 'perhaps' })).toThrow(
      '"memory" in the configuration is true or false, got "perhaps"',
    );
    expect(() => mergeOptions({ host: '' }, {}, {})).toThrow('--host needs a text, got ""');
  });

  test('limits are numbers, and some may be off', () => {
    const read = (name: string, value: string | number): unknown =>
      mergeOptions({ [name]: value }, {}, {})[name];
    for (const none of ['off', '0', 0, Infinity]) {
      for (const name of ['consumerTimeout', 'memoryHigh', 'maxConnections', 'maxQueues']) {
        expect(read(name, none)).toBe(Infinity);
      }
    }
    expect([read('consumerTimeout', '1000'), read('maxQueues', 5), read('diskFreeLimit', '0')]).toEqual([
      1000, 5, 0,
    ]);
    expect(mergeOptions({}, {}, {})).toMatchObject({ consumerTimeout: 1_800_000, maxConnections: Infinity });
    expect(() => read('maxChannels', 0)).toThrow('--max-channels is a whole number from 1 to 65535, got 0');
    expect(() => read('consumerTimeout', '-1')).toThrow('--consumer-timeout is a whole number from 1 to');
  });

  test('the limit of memory is a number of bytes or a share', () => {
    const read = (value: string | number): unknown =>
      mergeOptions({ memoryHigh: value }, {}, {})['memoryHigh'];
    expect([read(1_000_000), read('1000000')]).toEqual([1_000_000, 1_000_000]);
    expect(Number(read('50%')) / Number(read('100%'))).toBeCloseTo(0.5);
    expect(read('100%')).toBeLessThanOrEqual(totalmem());
    for (const wrong of ['0%', '101%', 'much', '-1', '1.5', '']) {
      expect(() => read(wrong)).toThrow('is a number of bytes, a share of memory from 1% to 100%, or off');
    }
  });

  test('every option has a flag and a variable of its own', () => {
    expect(optionRows.map(flagOf)).toContain('--max-message-size');
    expect(optionRows.map(variableOf)).toContain('LEVERET_MAX_MESSAGE_SIZE');
    expect(new Set(optionRows.map(flagOf)).size).toBe(optionRows.length);
  });
});

describe('the configuration file', () => {
  async function file(text: string): Promise<string> {
    const path = join(await temporaryDirectory(), 'leveret.json');
    await writeFile(path, text);
    return path;
  }

  test('is JSON with the names of options', async () => {
    expect(await readOptionsFile(await file('{ "port": 5673, "logLevel": "info" }'))).toEqual({
      port: 5673,
      logLevel: 'info',
    });
  });

  test('an unknown name is refused together with the nearest known one', async () => {
    await expect(readOptionsFile(await file('{ "loglevel": "info" }'))).rejects.toThrow(
      'did you mean "logLevel"?',
    );
    await expect(readOptionsFile(await file('{ "completelyElse": 1 }'))).rejects.toThrow(
      'known are host, port',
    );
  });

  test('anything but an object is refused, and so is a file that is not there', async () => {
    await expect(readOptionsFile(await file('[]'))).rejects.toThrow('holds no JSON object');
    await expect(readOptionsFile(await file('{'))).rejects.toThrow('is not JSON: ');
    await expect(readOptionsFile('/nonexistent/leveret.json')).rejects.toThrow(
      'cannot read the configuration',
    );
  });
});
