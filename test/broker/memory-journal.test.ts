import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryJournal } from '../../src/broker/memory-journal.ts';
import { Message } from '../../src/broker/message.ts';

const aMessage = (id: number): Message => new Message(id, '', 'q', undefined, true, false, 0);

function contentOf(journal: MemoryJournal, message: Message): [Buffer, Buffer] {
  const { propertiesAt, propertiesLength, bodyAt, bodyLength } = message;
  return [
    journal.load(message.page).subarray(propertiesAt, propertiesAt + propertiesLength),
    journal.load(message.bodyPage).subarray(bodyAt, bodyAt + bodyLength),
  ];
}

describe('memory journal', () => {
  test('gives back every content as it was, whatever is written after it', () => {
    const size = fc.oneof(fc.nat(100), fc.nat(100_000), fc.constant(300_000));
    const sizes = fc.array(fc.record({ properties: fc.nat(300), body: size, rewritten: fc.boolean() }));
    fc.assert(
      fc.property(sizes, (written) => {
        const journal = new MemoryJournal();
        const expected: [Message, Buffer, Buffer][] = [];
        written.forEach((content, id) => {
          const message = aMessage(id);
          const properties = Buffer.alloc(content.properties, id);
          const body = Buffer.alloc(content.body, id + 1);
          journal.write(message, properties, body);
          expected.push([message, properties, body]);
          if (!content.rewritten) return;
          const copy = aMessage(id);
          const others = Buffer.alloc(content.properties + 1, id + 2);
          journal.rewrite(copy, others, message);
          expected.push([copy, others, body]);
        });
        for (const [message, properties, body] of expected) {
          const [foundProperties, foundBody] = contentOf(journal, message);
          expect(foundProperties.equals(properties) && foundBody.equals(body)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('copies what it is given', () => {
    const journal = new MemoryJournal();
    const body = Buffer.from('body');
    const message = aMessage(1);
    journal.write(message, Buffer.alloc(0), body);
    body.fill(0);
    expect(contentOf(journal, message)[1].toString()).toBe('body');
  });

  test('a dead-lettered copy shares the body of the first of its line', () => {
    const journal = new MemoryJournal();
    const [first, second, third] = [aMessage(1), aMessage(2), aMessage(3)];
    journal.write(first, Buffer.alloc(0), Buffer.from('body'));
    journal.rewrite(second, Buffer.from('p'), first);
    journal.rewrite(third, Buffer.from('p'), second);
    expect([third.bodyId, third.bodyPage, third.bodyAt]).toEqual([1, first.bodyPage, first.bodyAt]);
  });

  test('everything is committed at once', () => {
    const heard: number[] = [];
    new MemoryJournal().onCommit({ committed: (batch) => heard.push(batch) });
    expect(heard).toEqual([0]);
  });
});
