"use strict";
// The page is whole without this script: it makes tables sortable, figures interactive, and optimizers into tabs.
(function () {
  const root = document.documentElement;
  root.classList.add("js");
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));

  // --- tables -------------------------------------------------------------------------------------------------------
  const announcer = document.getElementById("announcer");

  function sortable(table) {
    all("thead th", table).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => sortBy(table, head, column));
    });
  }

  function sortBy(table, head, column) {
    const ascending = head.getAttribute("aria-sort") !== "ascending";
    all("thead th", table).forEach((each) => each.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const body = table.tBodies[0];
    // Long tables carry no values beside their texts: there the texts are sorted by.
    const keyOf = (row) => {
      const cell = row.cells[column], text = cell.textContent.trim();
      return cell.dataset.value === undefined ? (text === "–" ? "" : text.replace(/,/g, "")) : cell.dataset.value;
    };
    const isMissing = (key) => key === "";
    const rows = Array.from(body.rows).sort((one, other) => {
      const a = keyOf(one), b = keyOf(other);
      if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b); // nothing comes last, either way
      const difference = isNaN(a) || isNaN(b) ? a.localeCompare(b) : Number(a) - Number(b);
      return ascending ? difference : -difference;
    });
    body.append(...rows);
    announcer.textContent = `Sorted by ${head.textContent.trim()}, ${ascending ? "ascending" : "descending"}.`;
  }

  all("table.sortable").forEach(sortable);

  // --- copying ------------------------------------------------------------------------------------------------------
  function selected(code) {
    const range = document.createRange();
    range.selectNodeContents(code);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }

  for (const button of all(".copy"))
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch { // refused, or a browser without it for files: what is selected can be copied by hand
        selected(code);
        if (!document.execCommand("copy")) return;
      }
      button.textContent = announcer.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });

  // --- charts -------------------------------------------------------------------------------------------------------
  // Where nothing hovers plotly's tools are always shown: they get a strip of their own above the plot.
  const MARGIN = { l: 58, r: 12, t: matchMedia("(hover: none)").matches ? 40 : 8, b: 46 };
  const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const short = (value) => (value === null ? "–" : value === 0 ? "0" : Math.abs(value) < 0.01 ? value.toExponential(1) : String(Number(value.toPrecision(4))));

  // Plotly's own logarithmic labels (a small "2" and "5" between powers of ten) puzzle readers.
  function logTicks(range, most) {
    const [low, high] = range.map((exponent) => 10 ** exponent);
    let found = [];
    for (const steps of [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1, 3], [1]]) {
      found = [];
      for (let decade = Math.floor(range[0]); decade <= Math.ceil(range[1]); decade++)
        for (const step of steps) {
          const value = Number((step * 10 ** decade).toPrecision(6));
          if (value >= low && value <= high) found.push(value);
        }
      if (found.length <= most) break;
    }
    if (found.length < 3) {
      const rough = (high - low) / 5, size = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map((each) => each * size).find((each) => each >= rough);
      found = [];
      for (let value = Math.ceil(low / step) * step; value <= high; value += step) found.push(Number(value.toPrecision(6)));
    }
    return { tickmode: "array", tickvals: found, ticktext: found.map(String) };
  }

  const DASHES = { solid: "solid" };
  const dashOf = (dash) => DASHES[dash] || dash.split(" ").map((part) => part + "px").join(" ");

  // In the file a value that repeats the one before it is a "=", and a label stands once for each piece of a line.
  function unfold(line) {
    for (const part of ["y", "low", "high"])
      if (line[part]) line[part].forEach((value, i, values) => { if (value === "=") values[i] = values[i - 1]; });
    if (!line.labels) return;
    let piece = 0;
    line.labels = line.y.map((value) => (value === null ? line.labels[piece++] : line.labels[piece]));
  }

  class LiveChart {
    constructor(figure) {
      this.figure = figure;
      this.data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
      for (const line of Object.values(this.data.variants).flat()) unfold(line);
      this.variant = Object.keys(this.data.variants)[0];
      this.hidden = new Set();
      this.bands = false; // several lie over each other: on demand
      this.log = { x: this.data.x.log, y: this.data.y.log };
      this.box = figure.querySelector(".chart-box");
      this.target = document.createElement("div");
      this.target.className = "chart-live";
      this.controls();
      this.legend();
    }

    draw() {
      if (this.drawn) return;
      this.drawn = true;
      this.box.classList.add("is-live");
      this.box.removeAttribute("tabindex"); // nothing scrolls in it any more
      this.box.append(this.target);
      const options = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
        toImageButtonOptions: { format: "svg", filename: this.figure.id } };
      Plotly.newPlot(this.target, this.traces(), this.layout(), options).then(() => {
        this.target.on("plotly_relayout", (change) => this.onRelayout(change));
        this.figure.dataset.drawn = "yes";
      });
    }

    redraw() {
      if (this.drawn) Plotly.react(this.target, this.traces(), this.layout());
    }

    // What is not positive has no place on a logarithmic axis: it is drawn on its edge, and said as it is.
    placed(values, axis) {
      if (!this.log[axis]) return values;
      const floor = this.data[axis].range[0] > 0 ? this.data[axis].range[0] : this.smallest(axis);
      return values.map((value) => (value === null ? null : Math.max(value, floor)));
    }

    smallest(axis) {
      const values = axis === "x" ? this.data.grid : this.lines().flatMap((line) => line.y);
      const positive = values.filter((value) => value > 0);
      return positive.length ? Math.min(...positive) : 1e-3;
    }

    lines() {
      return this.data.variants[this.variant];
    }

    traces() {
      const traces = [];
      const shown = this.lines().filter((line) => !this.hidden.has(line.name));
      for (const line of shown) {
        if (!line.low || !this.bands) continue;
        const x = this.placed(this.data.grid, "x");
        const edge = { x, mode: "lines", line: { width: 0, shape: "hv" }, hoverinfo: "skip", showlegend: false };
        traces.push({ ...edge, y: this.placed(line.low, "y") });
        traces.push({ ...edge, y: this.placed(line.high, "y"), fill: "tonexty", fillcolor: line.colour + "22" });
      }
      // From the back to the front: single runs, what is broad and grey, the curves.
      const depth = (line) => (line.faint ? 0 : line.opacity ? 1 : 2);
      for (const line of [...shown].sort((one, other) => depth(one) - depth(other))) traces.push(this.curve(line));
      return traces;
    }

    curve(line) {
      const name = plain(line.name), unit = plain(this.data.y.unit), own = line.x !== undefined;
      const said = line.y.map((value, i) => {
        if (value === null) return "";
        const interval = line.low ? ` [${short(line.low[i])}, ${short(line.high[i])}]` : "";
        return `${own ? plain(line.labels[i]) : name}: <b>${short(value)}</b>${interval} ${unit}`;
      });
      const isPoint = line.y.filter((value) => value !== null).length === 1; // of which there is no line to draw
      return {
        x: this.placed(own ? line.x : this.data.grid, "x"), y: this.placed(line.y, "y"), name, text: said,
        mode: isPoint ? "markers" : "lines", marker: { color: line.colour, size: 8 },
        hovertemplate: "%{text}<extra></extra>", connectgaps: false, showlegend: false, opacity: line.faint ? 0.35 : line.opacity || 1,
        line: { shape: "hv", color: line.colour, width: line.faint ? 1 : line.width || 2.4, dash: line.faint ? "solid" : dashOf(line.dash) },
      };
    }

    axis(which) {
      const { range, unit } = this.data[which];
      const room = which === "x" ? this.box.clientWidth : 420; // a long title is cut off on a phone
      const title = room < 460 && this.box.clientWidth < 460 ? this.data[which].short : this.data[which].title;
      const axis = { title: { text: plain(title), standoff: 8 }, gridcolor: "#e6e9ed", zeroline: false, linecolor: "#7b8794",
        tickfont: { size: 12.5, color: "#56616d" }, fixedrange: false, automargin: false };
      if (this.log[which]) {
        const low = range[0] > 0 ? range[0] : this.smallest(which);
        axis.type = "log";
        axis.range = [Math.log10(low), Math.log10(range[1])];
        Object.assign(axis, logTicks(axis.range, this.mostTicks(which)));
      } else {
        axis.type = "linear";
        axis.range = this.data[which].log ? [0, range[1]] : range;
      }
      if (which === "x") Object.assign(axis, { tickangle: 0, showline: true, unifiedhovertitle: { text: `at %{x:.4~g} ${plain(unit)}` } });
      return axis;
    }

    mostTicks(which) {
      return which === "x" ? Math.max(4, Math.floor(this.box.clientWidth / 62)) : 9;
    }

    layout() {
      const isSingle = this.lines().some((line) => line.x !== undefined);
      return {
        margin: { ...MARGIN, r: this.labelled() ? 180 : MARGIN.r }, annotations: this.labels(), paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", xaxis: this.axis("x"), yaxis: this.axis("y"),
        font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: "#16202b" }, showlegend: false, dragmode: "zoom",
        modebar: { bgcolor: "rgba(0,0,0,0)", color: "#66717e", activecolor: "#0a4f80" },
        hovermode: isSingle ? "closest" : "x unified", hoverdistance: 40,
        hoverlabel: { bgcolor: "rgba(255,255,255,.96)", bordercolor: "#c6ced7", font: { size: 13, color: "#16202b" }, namelength: -1 },
      };
    }

    // Names beside the ends of the curves, where there is room for them; none upon another.
    labelled() {
      return Object.keys(this.data.labels).length && this.box.clientWidth >= 700;
    }

    labels(range) {
      if (!this.labelled()) return [];
      const height = this.target.clientHeight - MARGIN.t - MARGIN.b, [low, high] = range || this.axis("y").range;
      const named = this.lines().filter((line) => !this.hidden.has(line.name) && line.y.some((value) => value !== null));
      const found = named.map((line) => {
        const last = this.placed([line.y.filter((value) => value !== null).pop()], "y")[0];
        const share = ((this.log.y ? Math.log10(last) : last) - low) / (high - low);
        const lines = (this.data.labels[line.name] || [line.name]).map(plain);
        return { line, lines, size: 16 * lines.length + 1, place: height * (1 - Math.min(Math.max(share, 0), 1)) };
      }).sort((one, other) => one.place - other.place);
      let edge = -MARGIN.t;
      for (const each of found) edge = (each.place = Math.max(each.place, edge + each.size / 2)) + each.size / 2;
      edge = height;
      for (const each of found.reverse()) edge = (each.place = Math.min(each.place, edge - each.size / 2)) - each.size / 2;
      return found.map(({ line, lines, place }) => ({
        xref: "paper", yref: "paper", x: 1, y: 1 - place / height, xanchor: "left", yanchor: "middle", xshift: 4, showarrow: false,
        align: "left", font: { size: 13 }, text: `<span style="color:${line.colour}">━</span> ${lines.join("<br>    ")}`,
      }));
    }

    onRelayout(change) {
      const update = {};
      if (this.labelled() && Object.keys(change).some((key) => key.startsWith("yaxis.")))
        update.annotations = this.labels(this.target.layout.yaxis.range);
      for (const which of ["x", "y"]) {
        if (!this.log[which]) continue;
        const axis = this.target.layout[`${which}axis`];
        const touched = Object.keys(change).some((key) => key.startsWith(`${which}axis.range`) || key === `${which}axis.autorange`);
        if (!touched) continue;
        for (const [key, value] of Object.entries(logTicks(axis.range, this.mostTicks(which)))) update[`${which}axis.${key}`] = value;
      }
      if (Object.keys(update).length) Plotly.relayout(this.target, update);
    }

    controls() {
      const place = this.figure.querySelector(".controls");
      if (!place) return;
      const variants = Object.keys(this.data.variants);
      if (variants.length > 1) {
        const group = document.createElement("div");
        group.className = "choices";
        group.setAttribute("role", "group");
        group.setAttribute("aria-label", "Level");
        for (const name of variants)
          group.append(this.button(name, name === this.variant, (button) => {
            this.variant = name;
            all("button", group).forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
            this.redraw();
          }));
        place.append(group);
      }
      if (this.lines().some((line) => line.low)) place.append(this.toggle("Intervals", false, (on) => (this.bands = on)));
      for (const [which, label] of [["x", "Log x"], ["y", "Log y"]])
        if (this.data[which].log) place.append(this.toggle(label, true, (on) => (this.log[which] = on)));
    }

    button(label, pressed, onClick) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.setAttribute("aria-pressed", String(pressed));
      button.addEventListener("click", () => onClick(button));
      return button;
    }

    toggle(label, pressed, set) {
      const button = this.button(label, pressed, () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        set(on);
        this.redraw();
      });
      button.className = "toggle";
      return button;
    }

    // The legend is a list; here its entries become buttons, which a keyboard reaches as well.
    legend() {
      const list = this.figure.querySelector(".legend");
      if (!list) return;
      for (const entry of all("li", list)) {
        const name = entry.dataset.name;
        const button = this.button("", true, () => {
          if (!this.hidden.delete(name)) this.hidden.add(name);
          this.mark(list);
        });
        button.append(...entry.firstElementChild.childNodes);
        button.title = "Click: show or hide. Double click: this one alone, or all again.";
        button.addEventListener("dblclick", () => {
          const others = all("li", list).map((each) => each.dataset.name).filter((each) => each !== name);
          const alone = others.every((each) => this.hidden.has(each));
          this.hidden = new Set(alone ? [] : others);
          this.mark(list);
        });
        entry.replaceChildren(button);
      }
    }

    mark(list) {
      for (const entry of all("li", list))
        entry.firstElementChild.setAttribute("aria-pressed", String(!this.hidden.has(entry.dataset.name)));
      this.redraw();
    }
  }

  function drawWhenNear(charts) {
    if (!("IntersectionObserver" in window)) return charts.forEach((chart) => chart.draw());
    const byFigure = new Map(charts.map((chart) => [chart.figure, chart]));
    const observer = new IntersectionObserver((entries) => {
      for (const entry of entries)
        if (entry.isIntersecting) {
          observer.unobserve(entry.target);
          byFigure.get(entry.target).draw();
        }
    }, { rootMargin: "600px" });
    charts.forEach((chart) => observer.observe(chart.figure));
  }

  // Plotly is most of the page, so it is kept compressed. Its hash stands in the page's policy, as that of this script.
  async function unpackPlotly() {
    const packed = atob(document.getElementById("plotly").textContent);
    const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  }

  // A browser that cannot unpack it (of before 2023) keeps the static figures.
  if (typeof DecompressionStream !== "undefined")
    unpackPlotly().then(() => drawWhenNear(all("figure[data-chart]").map((figure) => new LiveChart(figure))));

  // --- optimizers as tabs -------------------------------------------------------------------------------------------
  const tabs = all(".tabs a"), panels = all(".optimizer");

  function select(tab, withFocus) {
    tabs.forEach((each) => {
      each.setAttribute("aria-selected", String(each === tab));
      each.tabIndex = each === tab ? 0 : -1;
    });
    panels.forEach((panel) => (panel.hidden = `#${panel.id}` !== tab.hash));
    if (withFocus) tab.focus();
  }

  function selectFromAddress() {
    const tab = tabs.find((each) => each.hash === location.hash);
    if (tab) select(tab, false);
  }

  if (tabs.length) {
    document.querySelector(".tabs").setAttribute("role", "tablist");
    tabs.forEach((tab, i) => {
      tab.parentElement.setAttribute("role", "presentation");
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", tab.hash.slice(1));
      tab.addEventListener("click", (event) => {
        event.preventDefault();
        select(tab, false);
        history.replaceState(null, "", tab.hash);
      });
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step) select(tabs[(i + step + tabs.length) % tabs.length], true);
      });
    });
    panels.forEach((panel, i) => {
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tabs[i].id);
    });
    select(tabs[0], false);
    selectFromAddress();
    window.addEventListener("hashchange", selectFromAddress);
  }

  // --- where in the page one is -------------------------------------------------------------------------------------
  const links = all(".contents a");
  const sections = links.map((link) => document.querySelector(link.hash));

  function markPlace() {
    const passed = sections.filter((section) => section.getBoundingClientRect().top < 160);
    const current = passed[passed.length - 1] || sections[0];
    links.forEach((link, i) => {
      if (sections[i] === current) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    });
  }

  if (links.length) {
    let waiting = false;
    window.addEventListener("scroll", () => {
      if (!waiting) requestAnimationFrame(() => { waiting = false; markPlace(); });
      waiting = true;
    }, { passive: true });
    markPlace();
  }
})();
