import { expect, test } from 'vitest';
import { escapeControls, escapeLines, safeFileName } from '../../src/formats/controlCharacters.js';

test('what moves a cursor, colours, rings or turns the direction is made visible; letters of all scripts stay', () => {
  expect(escapeControls('a\x1b[31mb\x07\r\n\x9b\u202ec')).toBe('a\\x1b[31mb\\x07\\r\\n\\x9b\\u202ec');
  expect(escapeControls('café 猫 🐈 \\n')).toBe('café 猫 🐈 \\n');
});

test('text of several lines keeps its breaks and tabs', () => {
  expect(escapeLines('one\n\ttwo\x1b]0;title\x07')).toBe('one\n\ttwo\\x1b]0;title\\x07');
});

test('a name of a file that is written', () => {
  expect(safeFileName('a\n\x1b/..\\b.jpg')).toBe('a___.._b.jpg');
});
