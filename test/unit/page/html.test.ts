import fc from 'fast-check';
import { expect, test } from 'vitest';
import { html, trusted } from '../../../src/page/html.ts';

test('every value is shown as text, in an element and in a quoted attribute', () => {
  const hostile = `<script>alert("1")</script>&amp;' onload='`;
  const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;amp;&#39; onload=&#39;';
  expect(String(html`<p title="${hostile}">${hostile}</p>`)).toBe(`<p title="${escaped}">${escaped}</p>`);
});

test('no text at all gets markup through', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...'<>"\'&;=/#amplt x0é\u2028😀')), (characters) => {
      const text = characters.join('');
      expect(String(html`${text}`)).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/);
    }),
  );
});

test('markup is put in as it is, lists without a separator, numbers as digits', () => {
  const items = ['a', 'b'].map((item) => html`<li>${item}</li>`);
  expect(String(html`<ul>${items}</ul>${7}${trusted('<hr>')}${[]}`)).toBe(
    '<ul><li>a</li><li>b</li></ul>7<hr>',
  );
});

test('a text that only looks like markup of the page is text', () => {
  const forged = JSON.parse('{"#text":"<b>","toString":"<b>"}');
  expect(() => html`${forged}`).toThrow(TypeError);
});

test('characters that reorder or hide what stands around them are shown as escapes', () => {
  expect(String(html`${'a\u202eb\u200bc\u0000d\u001b[2Je'}`)).toBe(
    String.raw`a\u{202e}b\u{200b}c\u{0}d\u{1b}[2Je`,
  );
});
