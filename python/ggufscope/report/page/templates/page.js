"use strict";
// The page is complete without this: it draws the charts live, sorts tables and switches the theme.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => root.dataset.theme ?? (dark.matches ? "dark" : "light");
  const read = (id) => JSON.parse(document.getElementById(id).textContent);

  // Tooltips: text nodes only, whatever the data holds.
  const tip = document.getElementById("tip");
  const showTip = (handler, event, item, value) => {
    tip.hidden = value === null || value === undefined || value === "";
    if (tip.hidden) return;
    tip.replaceChildren(tipContent(value));
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const below = event.clientY + 16;
    const top = below + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 12 : below;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, top)}px`;
  };
  const tipContent = (value) => {
    if (typeof value !== "object") return document.createTextNode(String(value));
    const list = document.createElement("dl");
    for (const [name, entry] of Object.entries(value)) {
      list.append(element("dt", name), element("dd", entry === null ? "–" : String(entry)));
    }
    return list;
  };
  const element = (tag, text) => {
    const made = document.createElement(tag);
    made.textContent = text;
    return made;
  };

  addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });

  // Small multiples have the width of their container, in as many columns as fit (report/charts/panels.py).
  const sized = (specification, width) => {
    const { panels } = specification.usermeta ?? {};
    if (!panels) return specification;
    const spacing = specification.spacing;
    const columns = Math.max(1, Math.min(panels.columns, Math.floor((width + spacing) / (panels.least + spacing))));
    specification.columns = columns;
    const view = Math.floor((width - (columns - 1) * spacing) / columns - panels.margin);
    for (const each of specification.concat) each.width = view;
    return specification;
  };

  // Charts, one after the other, so that the page answers in between.
  const charts = [...document.querySelectorAll(".chart[data-chart]")];
  const drawn = new Map();
  const widths = new Map();
  let round = 0;
  // The rows of a legend depend on the width, and the height on these rows: each takes its turn to settle.
  const laidOut = async (chart) => {
    const { view } = drawn.get(chart);
    for (let turn = 0; turn < 2; turn += 1) await view.resize().runAsync();
  };
  const draw = async (chart) => {
    drawn.get(chart)?.finalize();
    // What is folded has no width yet: it is drawn again when it is opened.
    widths.set(chart, chart.clientWidth);
    const specification = sized(read(`chart-${chart.dataset.chart}`), chart.clientWidth || root.clientWidth);
    const controls = chart.previousElementSibling; // outside the chart, which is one picture to a screen reader
    controls.replaceChildren();
    const result = await vegaEmbed(chart, specification, {
      actions: false, ast: true, bind: controls, config: read(`theme-${theme()}`), defaultStyle: false,
      renderer: chart.dataset.renderer, tooltip: showTip,
    });
    drawn.set(chart, result);
    await laidOut(chart);
    chart.classList.remove("waiting");
  };
  const fail = (chart, error) => {
    chart.classList.replace("waiting", "failed");
    chart.textContent = `This chart could not be drawn: ${error.message}`;
    console.error(error);
  };
  const drawAll = async () => {
    const mine = ++round;
    root.dataset.charts = "drawing";
    for (const chart of charts) {
      await draw(chart).catch((error) => fail(chart, error));
      await new Promise((resolve) => setTimeout(resolve));
      if (mine !== round) return; // the theme changed meanwhile
    }
    root.dataset.charts = "drawn";
  };

  // Views side by side do not follow their container by themselves; others do, in one step.
  const fit = async () => {
    root.dataset.charts = "drawing";
    for (const chart of charts) {
      if (!chart.clientWidth || !drawn.has(chart)) continue;
      const apart = read(`chart-${chart.dataset.chart}`).concat;
      if (apart && chart.clientWidth === widths.get(chart)) continue;
      await (apart ? draw : laidOut)(chart).catch((error) => fail(chart, error));
    }
    root.dataset.charts = "drawn";
  };
  let fitting;
  addEventListener("resize", () => {
    clearTimeout(fitting);
    fitting = setTimeout(fit, 100);
  });

  // Theme: the reader's system, until the button says otherwise.
  const button = document.getElementById("theme");
  const name = () => { button.textContent = theme() === "dark" ? "Light theme" : "Dark theme"; };
  const changed = () => { name(); drawAll(); };
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = theme() === "dark" ? "light" : "dark";
    changed();
  });
  dark.addEventListener("change", () => { if (!root.dataset.theme) changed(); });
  name();

  // Tables: a press on a header sorts by it, large numbers first, a second one turns the order round; what is undefined
  // stays last.
  const key = (cell) => (cell.classList.contains("n") ? Number(cell.dataset.v ?? cell.textContent) : cell.textContent);
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
  const sort = (head) => {
    const table = head.closest("table");
    const column = [...head.parentElement.children].indexOf(head);
    const turned = { ascending: "descending", descending: "ascending" };
    const order = turned[head.getAttribute("aria-sort")] ?? head.dataset.first;
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const rows = [...table.tBodies[0].rows].map((row) => ({ row, cell: row.cells[column] }));
    const empty = ({ cell }) => cell.classList.contains("none");
    const known = rows.filter((entry) => !empty(entry)).map((entry) => ({ ...entry, value: key(entry.cell) }));
    known.sort((a, b) => sign * compare(a.value, b.value));
    table.tBodies[0].replaceChildren(...[...known, ...rows.filter(empty)].map(({ row }) => row));
  };
  document.addEventListener("click", (event) => {
    const head = event.target.closest("thead th");
    if (head && event.target.closest("button")) sort(head);
  });

  // Filters of long tables: texts and conditions on columns, `ffn_down and kurtosis > 5`, numbers as the cells have them.
  const LONG = 15;
  const SCALES = { "": 1, "%": 1, k: 1e3, m: 1e6, b: 1e9, g: 1e9, t: 1e12 };
  const amount = (text) => {
    const [, digits, unit = ""] = /^([-+]?[\d.]+(?:e[-+]?\d+)?)\s*(%|[kmgt]?b?)$/i.exec(text) ?? [];
    return digits === undefined ? NaN : Number(digits) * SCALES[unit.toLowerCase().charAt(0)];
  };
  const valueOf = (cell) => (cell.textContent.trim().endsWith("%") ? parseFloat(cell.textContent) : key(cell));
  const TESTS = { ">": (a, b) => a > b, "<": (a, b) => a < b, ">=": (a, b) => a >= b, "<=": (a, b) => a <= b, "=": (a, b) => a === b };
  const condition = (text, labels) => {
    const [, name, sign, right] = /^(.+?)\s*(>=|<=|>|<|=)\s*(.+)$/.exec(text) ?? [];
    const wanted = name?.trim().toLowerCase();
    const exact = labels.indexOf(wanted);
    const column = exact >= 0 ? exact : labels.findIndex((label) => wanted && label.includes(wanted));
    const number = right === undefined ? NaN : amount(right);
    if (column < 0 || Number.isNaN(number)) return (row) => row.textContent.toLowerCase().includes(text.toLowerCase());
    return ({ cells }) => cells[column].classList.contains("n") && !cells[column].classList.contains("none")
      && TESTS[sign](valueOf(cells[column]), number);
  };
  const addFilter = (region) => {
    const table = region.querySelector("table");
    const rows = [...table.tBodies[0].rows];
    if (rows.length <= LONG) return;
    const heads = [...table.tHead.rows[0].cells];
    const labels = heads.map((head) => head.textContent.trim().toLowerCase());
    const numeric = heads.findIndex((head) => head.dataset.first === "descending");
    const box = element("div", ""), label = element("label", "Filter "), input = element("input", ""), told = element("output", "");
    box.className = "filter";
    input.type = "search";
    input.placeholder = numeric < 0 ? "text" : `text, or ${labels[numeric]} > 1`;
    input.title = "Rows that contain a text, or where a column is above or below a number; several joined by and";
    label.append(input);
    box.append(label, told);
    input.addEventListener("input", () => {
      const tests = input.value.split(/\s+and\s+/i).map((text) => text.trim()).filter(Boolean).map((text) => condition(text, labels));
      for (const row of rows) row.hidden = !tests.every((test) => test(row));
      told.textContent = tests.length ? `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows` : "";
    });
    region.before(box);
  };
  document.querySelectorAll(".scroll:has(> table)").forEach(addFilter);

  // A link to what is folded opens it. What was drawn while it was folded learns of its width when it is seen.
  const unfold = () => {
    const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    if (!target) return;
    const inside = target.querySelector(":scope > details.part");
    for (let at = inside ?? target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.getAttribute("href") === location.hash) unfold(); // no change of the address to hear of
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.open) dispatchEvent(new Event("resize"));
  }, true);
  unfold();

  // On paper folds are open, as nobody can click them there; tables stay as the reader left them.
  const closed = new Set();
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details.part:not([open]), details.definition:not([open]), .verdicts details:not([open])")) {
      closed.add(details);
      details.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
    closed.clear();
  });

  drawAll();
})();
