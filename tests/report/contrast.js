() => {
  // Every visible text whose contrast with the ground behind it is below 4.5 (WCAG 2.2, success criterion 1.4.3).
  const colour = (text) => {
    const found = text.match(/[\d.]+/g).map(Number);
    return found.length < 4 ? [...found, 1] : found;
  };
  const linear = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const found = colour(getComputedStyle(at).backgroundColor);
      if (found[3] === 1) return found;
    }
    return [255, 255, 255, 1];
  };
  const bad = [];
  for (const one of document.querySelectorAll("h1,h2,h3,p,li,td,th,a,button,label,caption,summary,dt,dd,output,footer")) {
    if (!one.offsetParent || !one.textContent.trim() || one.closest("#chart,svg") || one.disabled) continue;
    const [low, high] = [luminance(colour(getComputedStyle(one).color)), luminance(ground(one))].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) bad.push(`${one.tagName}.${one.className} ${ratio.toFixed(2)}: ${one.textContent.trim().slice(0, 40)}`);
  }
  return bad;
}
