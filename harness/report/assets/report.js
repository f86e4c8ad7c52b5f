"use strict";
// Binds the pages to the libraries that draw tables and plots. Without it, or without them, a page is whole all the same.
window.report = (() => {
  const root = document.documentElement;
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const element = (tag, text = "", attributes = {}) => {
    const made = document.createElement(tag);
    made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };

  // What a reader has chosen stands in the address: "#table={…}&pick=a,b&metric=…".
  const address = () => new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  const keep = (key, value) => {
    const next = address();
    if ((next.get(key) ?? "") === (value ?? "")) return;
    if (value) next.set(key, value); else next.delete(key);
    history.replaceState(null, "", `#${next}`);
  };

  const say = (text) => { const place = one("#said"); if (place) place.textContent = text; };

  const save = (name, type, text) => {
    const link = element("a", "", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  // A table that is wider than its place is scrolled with the keyboard too: it can be reached where nothing in it can.
  const bindScroll = () => {
    for (const box of all(".scroll, code.line")) {
      const isReached = box.scrollWidth <= box.clientWidth || one("a, button, input, select", box);
      let above = box;
      while (above && !/^H[1-6]$/.test(above.tagName)) above = above.previousElementSibling;
      const name = one("caption", box)?.textContent || above?.textContent || document.title;
      for (const [key, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", name]]) {
        if (isReached) box.removeAttribute(key); else box.setAttribute(key, value);
      }
    }
  };

  // ---- theme
  const themed = () => root.classList.contains("dark");
  const onTheme = [];
  const theme = (name) => {
    root.classList.toggle("dark", name === "dark");
    const button = one("#theme");
    if (button) button.textContent = themed() ? "light" : "dark";
    onTheme.forEach((draw) => draw());
  };
  const bindTheme = () => {
    theme(themed() ? "dark" : "light");
    one("#theme")?.addEventListener("click", () => {
      const name = themed() ? "light" : "dark";
      try { localStorage.setItem("theme", name); } catch { say("the choice cannot be kept in this browser"); }
      theme(name);
    });
  };

  // ---- tables
  const packed = (state) => JSON.stringify({
    ...(state.order?.length ? { o: state.order } : {}),
    ...(state.search?.search ? { q: state.search.search } : {}),
    ...(state.columns?.some((column) => column.visible === false)
      ? { h: state.columns.flatMap((column, index) => (column.visible === false ? [index] : [])) } : {}),
    ...(state.searchBuilder?.criteria?.length ? { f: state.searchBuilder } : {}),
    ...(state.start ? { s: state.start } : {}),
  });
  const unpacked = (text, columns, length) => {
    let found;
    try { found = JSON.parse(text); } catch { return null; }
    if (!found || typeof found !== "object") return null;
    const hidden = new Set(Array.isArray(found.h) ? found.h : []);
    return {
      time: Date.now(), start: Number(found.s) || 0, length, order: Array.isArray(found.o) ? found.o : [],
      search: { search: String(found.q ?? ""), smart: true, regex: false, caseInsensitive: true },
      columns: Array.from({ length: columns }, (_, index) => ({ visible: !hidden.has(index), search: { search: "", smart: true, regex: false, caseInsensitive: true } })),
      ...(found.f ? { searchBuilder: found.f } : {}),
    };
  };
  const struckOut = (html) => new DOMParser().parseFromString(String(html), "text/html").querySelector("s[title]");
  const plain = (html) => {
    if (!/[<&]/.test(html)) return String(html).replace(/\s+/g, " ").trim();
    const { body } = new DOMParser().parseFromString(String(html), "text/html");
    for (const one of all("s[title]", body)) one.append(` (struck out: ${one.title})`);
    return body.textContent.replace(/\s+/g, " ").trim();
  };
  const safeCell = (html) => {
    const text = plain(html);
    return /^[=+\-@\t\r＝＋－＠]/.test(text) && text.length > 1 && !/^[+-]?[\d.]+(e[+-]?\d+)?( ±.*)?$/i.test(text) ? `'${text}` : text;
  };
  const exported = { columns: ":visible", modifier: { search: "applied", order: "applied" }, format: { body: safeCell, header: plain } };
  const download = (dt, name) => {
    const { header, body } = dt.buttons.exportData(exported);
    const lines = body.map((cells) => Object.fromEntries(cells.map((cell, index) => [header[index], cell])));
    save(`${name}.json`, "application/json", `${JSON.stringify(lines, null, 1)}\n`);
  };
  const enhanced = (DataTable, table, further = {}) => {
    const name = table.dataset.file || table.id;
    const columns = further.columns?.length ?? table.tHead.rows[0].cells.length;
    const size = further.data?.length ?? table.tBodies[0].rows.length;
    const length = size > 100 ? 50 : -1;
    const dt = new DataTable(table, {
      order: [], autoWidth: false, deferRender: true, paging: size > 100, pageLength: length, searchDelay: 0,
      layout: {
        topStart: { buttons: [
          { extend: "searchBuilder", text: "filter" },
          { extend: "colvis", text: "columns" },
          { extend: "csvHtml5", text: "CSV", filename: name, bom: false, exportOptions: exported },
          { text: "JSON", action: (_, api) => download(api, name) },
        ] },
        topEnd: "search", bottomStart: "info", bottomEnd: size > 100 ? "paging" : null,
      },
      language: { search: "search ", info: "_TOTAL_ of _MAX_ rows", infoEmpty: "no row", infoFiltered: "", searchBuilder: { button: { 0: "filter", _: "filter (%d)" } } },
      stateSave: true, stateDuration: -1,
      stateSaveCallback: (_, state) => { const text = packed(state); keep(table.id, text === "{}" ? "" : text); },
      stateLoadCallback: () => unpacked(address().get(table.id) ?? "null", columns, length),
      ...further,
    });
    return dt;
  };
  // What the library opens it gives no names, and calls menus what holds plain controls.
  const CONTROLS = [["select.dtsb-data", "column"], ["select.dtsb-condition", "condition"], [".dtsb-value", "value"]];
  const nameWhatOpens = () => {
    for (const box of all(".dt-button-collection")) {
      box.setAttribute("aria-label", one(".dtsb-searchBuilder", box) ? "filter" : "columns");
      for (const menu of all("[role=menu]", box)) menu.setAttribute("role", "group");
    }
    for (const [selector, name] of CONTROLS) {
      for (const control of all(selector)) {
        control.setAttribute("aria-label", name);
        if (control.hasAttribute("autocomplete")) control.setAttribute("autocomplete", "off");
      }
    }
  };
  const tables = async () => {
    const found = all("table.board");
    if (!window.tableLibrary || (!found.length && !one("#records"))) return;
    const { default: DataTable } = await import(window.tableLibrary);
    new MutationObserver(nameWhatOpens).observe(document.body, { childList: true, subtree: true });
    for (const table of found) {
      const dt = enhanced(DataTable, table);
      if (one("input.pick", table)) bindCompare(table, dt);
    }
    if (one("#records")) bindRecords(DataTable);
  };

  // ---- compare up to four rows
  const MOST = 4;
  const bindCompare = (table, dt) => {
    const rows = () => dt.rows().nodes().toArray();
    const box = (row) => one("input.pick", row);
    const chosen = () => rows().filter((row) => box(row)?.checked);
    const better = (title) => (title.includes("↑") ? Math.max : title.includes("↓") ? Math.min : null);
    const draw = () => {
      const picked = chosen();
      const place = one("#compared");
      place.replaceChildren();
      place.closest("section").hidden = picked.length < 2;
      keep("pick", picked.map((row) => row.dataset.row).join(","));
      if (picked.length < 2) return;
      const made = element("table");
      const head = made.createTHead().insertRow();
      head.append(element("td"), ...picked.map((row) => element("th", plain(row.cells[0].innerHTML), { scope: "col" })));
      const body = made.createTBody();
      dt.columns().every(function (index) {
        if (!index) return;
        const title = plain(this.header().textContent);
        const cells = picked.map((row) => dt.cell(row, index).node());
        const numbers = cells.map((cell) => (struckOut(cell.innerHTML) ? NaN : parseFloat(cell.dataset.order)));
        const pick = better(title);
        const best = pick ? pick(...numbers.filter(Number.isFinite)) : NaN;
        const line = body.insertRow();
        line.append(element("th", title, { scope: "row" }), ...cells.map((cell, at) => element("td", plain(cell.innerHTML), numbers[at] === best ? { class: "good" } : {})));
      });
      place.append(made);
      bindScroll();
    };
    for (const row of rows()) {
      box(row)?.addEventListener("change", (event) => {
        if (chosen().length > MOST) { event.target.checked = false; say(`at most ${MOST} rows are compared`); return; }
        say("");
        draw();
      });
    }
    const wanted = (address().get("pick") ?? "").split(",").slice(0, MOST);
    for (const row of rows()) if (wanted.includes(row.dataset.row) && box(row)) box(row).checked = true;
    draw();
  };

  // ---- quality against cost
  const bindChart = () => {
    const source = one("#points");
    if (!source || !window.Plotly) return;
    const data = JSON.parse(source.textContent);
    const selects = { metric: one("#chart-metric"), cost: one("#chart-cost") };
    for (const [key, select] of Object.entries(selects)) {
      const asked = address().get(key);
      if (asked && [...select.options].some((option) => option.value === asked)) select.value = asked;
      select.addEventListener("change", () => { keep(key, select.value); draw(); });
    }
    const draw = () => {
      const metric = data.metrics.find((item) => item.id === selects.metric.value);
      const cost = data.costs.find((item) => item.id === selects.cost.value);
      const shown = data.rows.filter((row) => row.values[metric.id] !== null && row.costs[cost.id] !== null);
      const front = shown.filter((row) => row.front.includes(`${metric.id} ${cost.id}`)).sort((a, b) => a.costs[cost.id] - b.costs[cost.id]);
      const style = getComputedStyle(root);
      const ink = style.getPropertyValue("--ink").trim(), line = style.getPropertyValue("--line").trim(), accent = style.getPropertyValue("--accent").trim();
      const points = (rows, more) => ({ x: rows.map((row) => row.costs[cost.id]), y: rows.map((row) => row.values[metric.id]), text: rows.map((row) => row.label.replace(/[<>&]/g, (sign) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;" })[sign])), hovertemplate: "%{text}<br>%{x:.3g}, %{y:.4g}<extra></extra>", ...more });
      const sets = [...new Set(front.map((row) => row.among))].map((among) => ({ name: `Pareto front${among ? `, ${among}` : ""}`, rows: front.filter((row) => row.among === among) }));
      const measured = shown.filter((row) => !row.reported), reported = shown.filter((row) => row.reported);
      Plotly.react("chart", [
        points(measured, { mode: "markers", name: "rows", marker: { size: 10, color: ink, opacity: 0.55 } }),
        ...sets.map(({ name, rows }) => points(rows, { mode: "lines+markers", name, line: { color: accent, shape: "hv" }, marker: { size: 12, color: accent, symbol: "diamond" } })),
        ...(reported.length ? [points(reported, { mode: "markers", name: "self-reported cost", marker: { size: 11, color: ink, symbol: "circle-open", line: { width: 2 } } })] : []),
      ], {
        paper_bgcolor: "transparent", plot_bgcolor: "transparent", font: { color: ink }, margin: { t: 20, r: 20 },
        xaxis: { title: { text: cost.title }, type: "log", gridcolor: line }, yaxis: { title: { text: metric.title }, gridcolor: line, autorange: metric.direction === "lower" ? "reversed" : true },
        legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      }, { responsive: true, displaylogo: false });
      one("#front").textContent = sets.map(({ name, rows }) => `${name}: ${rows.map((row) => row.label).join("; ")}`).join(". ");
    };
    onTheme.push(draw);
    draw();
  };

  // ---- planes and layers of a sample
  const bindViews = () => {
    for (const view of all(".view")) {
      const slider = one("input[type=range]", view);
      const layers = all(".layers img", view);
      const boxes = all("input[data-layer]", view);
      const remember = () => {
        const plane = slider && slider.value !== slider.defaultValue ? { p: Number(slider.value) } : {};
        const left = boxes.flatMap((box) => (box.checked ? [] : [box.dataset.layer]));
        const state = { ...plane, ...(left.length ? { h: left } : {}) };
        keep(view.dataset.view, Object.keys(state).length ? JSON.stringify(state) : "");
      };
      const show = () => {
        const plane = slider ? slider.value : "0";
        for (const image of layers) image.src = image.dataset.source.replace("*", plane);
        const said = one("output", view);
        if (said && slider) said.textContent = `plane ${slider.dataset.planes.split(" ")[plane]}`;
      };
      let kept = null;
      try { kept = JSON.parse(address().get(view.dataset.view) ?? "null"); } catch { say("the address says nothing that can be shown"); }
      slider?.addEventListener("input", show);
      slider?.addEventListener("change", remember);
      if (slider && Number.isInteger(kept?.p)) { slider.value = String(kept.p); show(); }
      for (const box of boxes) {
        const draw = () => { one(`img.${box.dataset.layer}`, view).hidden = !box.checked; };
        box.addEventListener("change", () => { draw(); remember(); });
        if (Array.isArray(kept?.h) && kept.h.includes(box.dataset.layer)) { box.checked = false; draw(); }
      }
    }
  };

  // ---- records
  const shards = new Map();
  let index = null;
  const list = (value) => { index = value; };
  const shard = (number, records) => shards.get(number)(records);
  const loaded = (folder, number) => {
    if (!shards.has(`${number} read`)) {
      shards.set(`${number} read`, new Promise((done, failed) => {
        shards.set(number, done);
        document.head.append(Object.assign(document.createElement("script"), { src: `${folder}/rows/${number}.js`, onerror: failed }));
      }));
    }
    return shards.get(`${number} read`);
  };
  const isEmpty = (value) => value === null || value === "" || (typeof value === "object" && !Object.keys(value).length);
  const written = (value) => (isEmpty(value) ? "none" : typeof value === "object" ? JSON.stringify(value, null, 1) : String(value));
  const bindRecords = (DataTable) => {
    const table = one("#records");
    const folder = table.dataset.folder;
    const state = index.columns.indexOf("status");
    const escaped = (value) => String(value).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
    const why = (line) => index.struck[line.at(-2)]?.[index.columns[index.score]];
    const shown = (value, line, at) => {
      if (at === 0) return `<a href="#cell=${escaped(line.at(-2))}">${escaped(value)}</a>`;
      if (at === index.score && why(line)) return `<s title="${escaped(why(line))}">${escaped(value)}</s>`;
      return typeof value === "string" ? escaped(value) : value;
    };
    const dt = enhanced(DataTable, table, {
      data: index.lines,
      columns: index.columns.map((title, at) => ({
        title, className: index.text.includes(at) ? "text" : "", defaultContent: "", searchable: index.text.includes(at),
        render: (value, kind, line) => (kind === "display" ? shown(value, line, at) : value),
        ...(at === state ? { createdCell: (cell, value) => { if (value !== "ok") cell.classList.add("bad"); } } : {}),
      })),
    });
    table.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#cell=']");
      if (!link) return;
      event.preventDefault();
      keep("cell", link.getAttribute("href").slice(6));
      show();
    });
    const show = async () => {
      const key = address().get("cell");
      const place = one("#record");
      if (!key) { place.hidden = true; return; }
      const line = index.lines.find((entry) => entry.at(-2) === key);
      if (!line) { say(`no record ${key} here`); return; }
      const [number, at] = line.at(-1);
      const { record, timing } = (await loaded(folder, number))[at];
      place.replaceChildren(element("h2", `${record.row} on ${record.dataset}/${record.sample}${record.fold ? ` fold ${record.fold}` : ""}${record.repeat ? ` repeat ${record.repeat}` : ""}`, { tabindex: "-1" }));
      const where = [["dataset", record.dataset], ["sample", record.sample], ["fold", record.fold]]
        .flatMap(([name, value]) => (value ? [`--${name} '${value.replaceAll("'", "'\\''")}'`] : [])).join(" ");
      const command = index.again[number].replace("{where}", () => where).replace("{commit}", () => record.code.commit);
      const again = element("code", command, { class: "line", id: "again" });
      const copy = element("button", "copy", { type: "button" });
      copy.addEventListener("click", async () => {
        try { await navigator.clipboard.writeText(again.textContent); copy.textContent = "copied"; } catch { getSelection().selectAllChildren(again); say("selected; copy it with the keyboard"); }
      });
      const back = element("a", "back to the list", { href: "#records" });
      back.addEventListener("click", (event) => { event.preventDefault(); keep("cell", ""); show(); one("#records a")?.focus(); });
      place.append(element("h3", "made again by"), again, copy, " ", back);
      const listed = (entries, struck = {}) => {
        const made = element("dl", "", { class: "facts" });
        for (const [name, value] of entries) {
          const said = element("dd", struck[name] ? "" : written(value));
          if (struck[name]) said.append(element("s", written(value), { title: struck[name] }));
          made.append(element("dt", name), said);
        }
        return made;
      };
      const facts = (title, entries, struck) => place.append(element("h3", title), listed(entries, struck));
      const { metrics, counts, stages, ...rest } = record;
      const wrong = index.struck[key] ?? {};
      for (const text of new Set(Object.values(wrong))) place.append(element("p", `struck out: ${text}`, { class: "bad" }));
      facts("scores", Object.entries(metrics).map(([name, value]) => [name, value === null ? "undefined" : value]), wrong);
      stages.forEach((stage, step) => facts(`stage ${step + 1}: ${stage.name || stage.id}`, Object.entries(stage)));
      facts("record", Object.entries(rest));
      if (timing) facts(`time on ${timing.machine}`, Object.entries(timing).filter(([name]) => name !== "schema"));
      const folded = (title, content) => {
        const made = element("details");
        made.append(element("summary", title), content);
        place.append(made);
      };
      folded("counts behind the scores", listed(Object.entries(counts)));
      const environment = index.environments[record.environment];
      if (environment) folded(`environment ${record.environment}`, element("pre", JSON.stringify(environment, null, 1)));
      place.hidden = false;
      bindScroll();
      one("h2", place).focus();
    };
    addEventListener("hashchange", show);
    return show();
  };

  document.addEventListener("DOMContentLoaded", async () => {
    bindTheme();
    bindViews();
    bindChart();
    addEventListener("beforeprint", () => { for (const one of all("details")) one.open = true; });
    await tables();
    bindScroll();
    addEventListener("resize", bindScroll);
    root.dataset.ready = "yes";
  });
  return { list, shard };
})();
