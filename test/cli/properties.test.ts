import { expect, test } from 'vitest';
import { messageProperties } from '../../src/cli/properties.ts';

test('options and --property set the same properties', () => {
  const byOption = messageProperties({
    contentType: 'text/plain',
    priority: 3,
    expiration: 10_000,
    persistent: true,
  });
  const byName = messageProperties({
    property: ['content-type=text/plain', 'priority=3', 'expiration=10s', 'delivery-mode=2'],
  });
  expect(byName).toEqual(byOption);
});

test('a timestamp is seconds, or a date', () => {
  expect(messageProperties({ property: ['timestamp=1767225600'] }).timestamp).toBe(1_767_225_600);
  expect(messageProperties({ property: ['timestamp=2026-01-01T00:00:00Z'] }).timestamp).toBe(1_767_225_600);
  expect(() => messageProperties({ property: ['timestamp=soon'] })).toThrow("not 'soon'");
});

test('an unknown property is answered with those there are', () => {
  expect(() => messageProperties({ property: ['content=x'] })).toThrow(
    "there is no property 'content'; there are: content-type,",
  );
  expect(() => messageProperties({ property: ['toString=x'] })).toThrow('there is no property');
});

test('a property that is given twice is a mistake', () => {
  const twice = { contentType: 'a', property: ['content-type=b'] };
  expect(() => messageProperties(twice)).toThrow('the property content-type is given twice');
  expect(() => messageProperties({ persistent: true, property: ['delivery-mode=1'] })).toThrow(
    'delivery-mode',
  );
});

test('a number out of range is refused', () => {
  expect(() => messageProperties({ property: ['priority=256'] })).toThrow('from 0 to 255');
});
