// Code in messages: its colours, and a button that copies it. Loaded with the first code that is shown.
// Colours are painted over the text (CSS custom highlights): the page itself is not touched.
const words =
  "abstract and as async await begin bool boolean break case catch chan char class const continue crate def default defer del delete do double dyn elif else elsif end enum except export extends extern false final finally float fn for foreach from func function go goto if impl implements import in include instanceof int interface is lambda let local long loop match mod module move mut namespace new nil none None not null nullptr of or override package pass private protected pub public raise readonly ref require rescue return self Self select SELECT FROM WHERE INSERT UPDATE DELETE CREATE TABLE JOIN static str string String struct super switch template then this throw throws trait true True False try type typedef typeof union unless unsafe unsigned until use using val var virtual void volatile when where while with yield";
const token = new RegExp(
  [
    String.raw`(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<=^|\s)#(?![\w-]*[{;:])[^\n]*|(?<=^|\s)--\s[^\n]*|<!--[\s\S]*?-->)`,
    String.raw`(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\`(?:\\.|[^\`\\])*\`)`,
    String.raw`(?<number>\b\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\w*\b)`,
    `(?<keyword>\\b(?:${words.replaceAll(" ", "|")})\\b)`,
  ].join("|"),
  "gm",
);

if (window.CSS?.highlights) {
  const kinds = ["comment", "string", "number", "keyword"].map((kind) => [kind, new Highlight()]);
  for (const [kind, marks] of kinds) CSS.highlights.set(`code-${kind}`, marks);
  const painted = new WeakSet();
  const paint = (code) => {
    const text = code.firstChild;
    if (painted.has(code) || text?.nodeType !== Node.TEXT_NODE) return;
    painted.add(code);
    for (const match of text.data.matchAll(token)) {
      const range = new Range();
      range.setStart(text, match.index);
      range.setEnd(text, match.index + match[0].length);
      kinds.find(([kind]) => match.groups[kind])?.[1].add(range);
    }
  };
  let due = false;
  const look = () => {
    due = false;
    for (const [, marks] of kinds) {
      for (const range of marks) if (!range.startContainer.isConnected) marks.delete(range);
    }
    document.querySelectorAll("pre > code").forEach(paint);
  };
  new MutationObserver(() => {
    if (!due) requestAnimationFrame(look);
    due = true;
  }).observe(document.body, { childList: true, subtree: true });
  look();
}

addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  const code = button?.parentElement.querySelector("code")?.textContent;
  if (!code) return;
  try {
    await navigator.clipboard.writeText(code);
    button.dataset.copy = "done";
  } catch {
    // Without HTTPS a page may not: the text is selected, to be copied by hand.
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    button.dataset.copy = "selected";
  }
  setTimeout(() => (button.dataset.copy = ""), 2000);
});
