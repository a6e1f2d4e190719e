// Runs in the browser: `page.evaluate` gets this text.

/** What is wrong with the layout, as the browser made it. */
function layoutFaults() {
  const faults = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth)
    faults.push(`the page is ${root.scrollWidth} of ${root.clientWidth} px wide`);
  const pictures = [...document.querySelectorAll("svg")].filter((svg) => svg.getBoundingClientRect().width > 0);
  if (pictures.length === 0) faults.push("no picture is visible");
  for (const svg of pictures) {
    const name = svg.getAttribute("aria-labelledby") ?? "?";
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].map((text) => ({
      words: text.textContent ?? "",
      box: text.getBoundingClientRect(),
    }));
    for (const [i, { words, box }] of texts.entries()) {
      // A pixel is the tolerance of rounding.
      const outside = box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 3;
      if (outside || box.bottom > frame.bottom + 3) faults.push(`${name}: "${words}" leaves its picture`);
      for (const other of texts.slice(i + 1)) {
        const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        if (across > 1 && down > 3) faults.push(`${name}: "${words}" lies on "${other.words}"`);
      }
    }
    for (const id of name.split(" ")) if (document.getElementById(id) === null) faults.push(`${id} is missing`);
  }
  return faults;
}

/** The colour that an element lies on. */
const behind = (element) => {
  for (let at = element; at !== null; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (colour !== "rgba(0, 0, 0, 0)") return colour;
  }
  return "white";
};

/** Text whose contrast with the page is below 4.5 : 1 (WCAG 2.2, 1.4.3). */
function faintTexts() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const luminance = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const channels = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((byte) => byte / 255);
    const [red = 0, green = 0, blue = 0] = channels.map((c) =>
      c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  return [...document.querySelectorAll("main *")].flatMap((element) => {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && (node.textContent ?? "").trim() !== "");
    if (!own || element.closest(".grey, title, desc") !== null) return [];
    const style = getComputedStyle(element);
    const [a, b] = [luminance(element.closest("text") === null ? style.color : style.fill), luminance(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return contrast < 4.5 ? [`${contrast.toFixed(1)}: ${element.textContent?.slice(0, 40)}`] : [];
  });
}

globalThis.pageChecks = { layoutFaults, faintTexts };
