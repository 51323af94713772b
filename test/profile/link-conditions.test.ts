import { expect, it } from 'vitest';
import { parseConditions } from '../../src/profile/link-conditions.ts';
import { conditionsText } from '../../src/text/labs.ts';

it.each(['', 'delay 20ms jitter 5ms loss 1% rate 10mbit', 'rate 10mbit'])('reads %j as it is written', (text) => {
  expect(conditionsText(parseConditions(`  ${text.replaceAll(' ', '   ')} `))).toBe(text);
});

it.each([
  ['dely 20ms', 'unknownKey'],
  ['20ms', 'unknownKey'],
  ['delay', 'wrongValue'],
  ['loss 120%', 'wrongValue'],
])('takes no %j: nothing that was typed is passed over', (text, code) => {
  expect(() => parseConditions(text)).toThrow(
    expect.objectContaining({ problems: [expect.objectContaining({ code })] }),
  );
});
