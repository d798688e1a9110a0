// A visitor queries twenty labels by keyboard; the learner is fitted here, the policy's picks were made by alrl.
(function () {
  "use strict";

  const COLOURS = ["#0072B2", "#E69F00"];

  // Logistic regression as scikit-learn's LogisticRegression(C=1): Newton's method, the intercept not penalised.
  function fit(rows, labels) {
    const D = rows[0].length + 1;
    let w = new Array(D).fill(0);
    for (let iteration = 0; iteration < 60; iteration++) {
      const gradient = w.map((value, j) => (j < D - 1 ? value : 0));
      const hessian = w.map((_, j) => w.map((__, k) => (j === k ? (j < D - 1 ? 1 : 1e-10) : 0)));
      rows.forEach((row, i) => {
        const x = [...row, 1];
        const p = 1 / (1 + Math.exp(-x.reduce((sum, value, j) => sum + value * w[j], 0)));
        for (let j = 0; j < D; j++) {
          gradient[j] += (p - labels[i]) * x[j];
          for (let k = 0; k < D; k++) hessian[j][k] += p * (1 - p) * x[j] * x[k];
        }
      });
      const step = solve(hessian, gradient);
      w = w.map((value, j) => value - step[j]);
      if (Math.max(...step.map(Math.abs)) < 1e-9) break;
    }
    return w;
  }

  // Gaussian elimination with pivoting.
  function solve(matrix, right) {
    const rows = matrix.map((row, i) => [...row, right[i]]);
    const n = rows.length;
    for (let i = 0; i < n; i++) {
      let best = i;
      for (let r = i + 1; r < n; r++) if (Math.abs(rows[r][i]) > Math.abs(rows[best][i])) best = r;
      [rows[i], rows[best]] = [rows[best], rows[i]];
      for (let r = i + 1; r < n; r++) {
        const factor = rows[r][i] / rows[i][i];
        for (let c = i; c <= n; c++) rows[r][c] -= factor * rows[i][c];
      }
    }
    const x = new Array(n).fill(0);
    for (let i = n - 1; i >= 0; i--) {
      x[i] = (rows[i][n] - rows[i].slice(i + 1, n).reduce((sum, value, j) => sum + value * x[i + 1 + j], 0)) / rows[i][i];
    }
    return x;
  }

  function probability(w, row) {
    return 1 / (1 + Math.exp(-row.reduce((sum, value, j) => sum + value * w[j], w[w.length - 1])));
  }

  function accuracy(data, known) {
    const w = fit(known.map((i) => data.features[i]), known.map((i) => data.labels[i]));
    const right = data.test_features.filter((row, i) => (probability(w, row) > 0.5 ? 1 : 0) === data.test_labels[i]).length;
    return { w, value: right / data.test_labels.length };
  }

  function area(curve) {
    return curve.slice(1).reduce((sum, value, i) => sum + (value + curve[i]) / 2, 0) / Math.max(1, curve.length - 1);
  }

  function start(box, data) {
    const budget = data.curves.general.length - 1;
    box.innerHTML =
      '<canvas class="pool" width="640" height="420" tabindex="0" role="application" aria-label="Records of the pool: arrow keys move, Enter asks for a label" aria-describedby="game-status"></canvas>' +
      '<p id="game-status" role="status" aria-live="polite"></p>' +
      '<canvas class="curve" width="640" height="260" role="img" aria-label="Learning curves"></canvas>' +
      '<p><button type="button" class="again">Begin again</button></p>';
    const [pool, chart] = box.querySelectorAll("canvas");
    const status = box.querySelector("#game-status");
    const xs = data.points.map((p) => p[0]), ys = data.points.map((p) => p[1]);
    const [x0, x1, y0, y1] = [Math.min(...xs) - 0.2, Math.max(...xs) + 0.2, Math.min(...ys) - 0.2, Math.max(...ys) + 0.2];
    const at = (i) => [((xs[i] - x0) / (x1 - x0)) * pool.width, pool.height - ((ys[i] - y0) / (y1 - y0)) * pool.height];
    let known, curve, model, cursor;

    function say() {
      const left = budget - (known.length - data.first.length);
      const p = probability(model.w, data.features[cursor]);
      const doubt = `The model gives this record ${Math.round(100 * Math.max(p, 1 - p))} % ${p > 0.5 ? "orange" : "blue"}.`;
      if (left) {
        status.textContent = `${left} labels left, accuracy ${(100 * model.value).toFixed(1)} %. ${doubt}`;
        return;
      }
      const score = (values) => (100 * area(values)).toFixed(1);
      status.textContent = `Mean accuracy along the curve (AUBC): you ${score(curve)}, the policy ${score(data.curves.general)}, margin ${score(data.curves.margin)}, random ${score(data.average.random)} on average.`;
    }

    function draw() {
      const ink = getComputedStyle(box).color;
      const c = pool.getContext("2d"), size = Math.min(scaled(pool), 1.4);
      c.clearRect(0, 0, pool.width, pool.height);
      data.points.forEach((_, i) => {
        const [x, y] = at(i), taken = known.includes(i);
        c.beginPath();
        c.arc(x, y, size * (taken ? 7 : 4), 0, 2 * Math.PI);
        c.fillStyle = taken ? COLOURS[data.labels[i]] : "#8a8a8a";
        // The model's view of what is not labelled: the surer, the fainter.
        c.globalAlpha = taken ? 1 : 0.3 + 0.7 * (1 - Math.abs(2 * probability(model.w, data.features[i]) - 1));
        c.fill();
        c.globalAlpha = 1;
      });
      const [x, y] = at(cursor);
      c.beginPath();
      c.arc(x, y, 12 * size, 0, 2 * Math.PI);
      c.lineWidth = 3 * size;
      c.strokeStyle = ink;
      c.stroke();
      lines(chart, ink);
      say();
    }

    // On a phone a canvas is drawn smaller than it is: letters and dots grow by as much.
    function scaled(canvas) {
      return Math.max(1, canvas.width / (canvas.clientWidth || canvas.width));
    }

    function lines(canvas, ink) {
      const scale = scaled(canvas), top = 16 * scale;
      canvas.height = 260 * Math.min(scale, 2);
      const c = canvas.getContext("2d"), left = 46 * scale, bottom = 28 * scale, low = 0.5, high = 1;
      const X = (n) => left + (n / budget) * (canvas.width - left - 70 * scale);
      const Y = (v) => canvas.height - bottom - ((Math.max(v, low) - low) / (high - low)) * (canvas.height - bottom - top);
      c.fillStyle = ink;
      c.font = `${13 * scale}px sans-serif`;
      [0.5, 0.75, 1].forEach((v) => c.fillText(`${100 * v} %`, 4, Y(v) + 4));
      [0, 5, 10, 15, 20].forEach((n) => c.fillText(String(n), X(n) - 4, canvas.height - 8));
      const drawn = [["random", data.average.random, "#8a8a8a"], ["margin", data.curves.margin, "#3b8fd0"], ["policy", data.curves.general, "#D55E00"], ["you", curve, ink]];
      const shown = known.length - data.first.length;
      const ends = [];
      // Names that would stand on each other move apart, the lowest staying where it is: at first all curves are one dot.
      drawn.sort((a, b) => a[1][shown] - b[1][shown]);
      drawn.forEach(([name, values, colour]) => {
        // The others' curves appear as far as yours: no peeping.
        const part = values.slice(0, shown + 1);
        c.beginPath();
        part.forEach((v, n) => (n ? c.lineTo(X(n), Y(v)) : c.moveTo(X(n), Y(v))));
        c.strokeStyle = colour;
        c.lineWidth = name === "you" ? 3.5 : 2;
        c.stroke();
        c.beginPath();
        c.arc(X(shown), Y(part[shown]), 3 * scale, 0, 2 * Math.PI);
        c.fillStyle = colour;
        c.fill();
        let y = Y(part[shown]) + 4 * scale;
        while (ends.some((other) => Math.abs(other - y) < 14 * scale)) y -= scale;
        ends.push(y);
        c.fillText(name, X(shown) + 8, y);
      });
    }

    function move(dx, dy) {
      const [x, y] = at(cursor);
      let best = cursor, least = Infinity;
      data.points.forEach((_, i) => {
        if (i === cursor || known.includes(i)) return;
        const [a, b] = at(i), along = (a - x) * dx + (b - y) * dy, aside = Math.abs((a - x) * dy) + Math.abs((b - y) * dx);
        const distance = along + 2 * aside;
        if (along > 0.5 && distance < least) [best, least] = [i, distance];
      });
      cursor = best;
      draw();
    }

    function query() {
      if (known.includes(cursor) || known.length - data.first.length >= budget) return;
      known.push(cursor);
      model = accuracy(data, known);
      curve.push(model.value);
      draw();
    }

    function begin() {
      known = [...data.first];
      model = accuracy(data, known);
      curve = [model.value];
      cursor = data.points.findIndex((_, i) => !known.includes(i));
      draw();
    }

    const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    pool.addEventListener("keydown", (event) => {
      if (KEYS[event.key]) move(...KEYS[event.key]);
      else if (event.key === "Enter" || event.key === " ") query();
      else return;
      event.preventDefault();
    });
    pool.addEventListener("click", (event) => {
      const frame = pool.getBoundingClientRect();
      const x = ((event.clientX - frame.left) / frame.width) * pool.width, y = ((event.clientY - frame.top) / frame.height) * pool.height;
      const open = data.points.map((_, i) => i).filter((i) => !known.includes(i));
      cursor = open.reduce((best, i) => (Math.hypot(at(i)[0] - x, at(i)[1] - y) < Math.hypot(at(best)[0] - x, at(best)[1] - y) ? i : best), open[0]);
      query();
      draw();
    });
    box.querySelector(".again").addEventListener("click", () => { begin(); pool.focus(); });
    begin();
    window.alrlGame = { data, accuracy: (picks) => accuracy(data, [...data.first, ...picks]).value, curve: () => curve };
  }

  function ready() {
    const box = document.getElementById("label-game");
    if (box && window.alrlMoons) start(box, window.alrlMoons);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
