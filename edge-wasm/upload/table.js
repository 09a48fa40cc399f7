/**
 * The table of rows: an ARIA grid with only the visible cells in the document. It keeps the focus itself and points to
 * the active cell (`aria-activedescendant`), so the focus survives when rows are added and removed.
 *
 * Rows come from `source.rows(start, end)`; cells.js decides their appearance.
 */

import { describeCell, gridColumns, paintCell } from "./cells.js";

export const ROW_HEIGHT = 36;
/** Minimum width at which the status of the rows stays in view. */
const WIDE_PIXELS = 800;
/** Rows drawn beyond the edges, so that scrolling shows no gaps. */
const OVERSCAN = 8;
/** Rows per request. */
const BLOCK = 64;
/** Cached blocks; others are requested again. */
const BLOCKS_MAX = 40;

export class Table {
  /**
   * `onActive(row, column)` receives the active cell; `onEdit(row, cellIndex, value)` a new value and returns the new
   * row; `onOpen(row, column)` is called on Enter where there is no cell to edit; `onLeave()` on Escape.
   */
  constructor({ grid, head, body, source, onActive, onEdit, onOpen, onLeave, onNextProblem }) {
    Object.assign(this, { grid, head, body, source, onActive, onEdit, onOpen, onLeave, onNextProblem });
    this.columns = [];
    this.count = 0;
    this.active = { position: 0, column: 0 };
    this.blocks = new Map();
    this.shown = new Map();
    this.editing = null;
    this.version = 0;
    this.listen();
  }

  listen() {
    this.grid.addEventListener("scroll", () => this.draw(), { passive: true });
    this.grid.addEventListener("keydown", (event) => this.onKey(event));
    this.grid.addEventListener("click", (event) => this.onClick(event));
    this.grid.addEventListener("dblclick", (event) => this.cellAt(event.target) && this.edit());
    new ResizeObserver(() => (this.summary ? this.update(this.summary) : undefined)).observe(this.grid);
  }

  // ------------------------------------------------------------------------------------------------ what is shown

  /** New counts or columns. Fetched blocks are requested again, but stay visible until the new ones arrive. */
  update(summary) {
    const { columns, count, extras } = summary;
    this.summary = summary;
    const isWide = this.grid.clientWidth >= WIDE_PIXELS;
    const signature = JSON.stringify([columns, extras, isWide]);
    if (signature !== this.signature) {
      this.signature = signature;
      this.setColumns(gridColumns(columns, { ...extras, isWide }));
    }
    this.count = count;
    this.body.style.height = `${count * ROW_HEIGHT}px`;
    this.grid.style.setProperty("--rows", String(Math.max(count, 3) + 1));
    this.grid.setAttribute("aria-rowcount", String(count + 1));
    this.active.position = Math.max(0, Math.min(this.active.position, count - 1));
    this.version += 1;
    this.draw();
  }

  /** Starts at the top: another file or filter. */
  reset() {
    this.cancelEdit();
    this.blocks.clear();
    this.active = { position: 0, column: 0 };
    this.grid.scrollTop = 0;
    this.grid.scrollLeft = 0;
  }

  setColumns(columns) {
    let left = 0;
    for (const column of columns) {
      column.left = left;
      left += column.width;
    }
    this.columns = columns;
    this.width = left;
    this.pinnedWidth = columns.filter(({ isPinned }) => isPinned).reduce((sum, { width }) => sum + width, 0);
    this.body.style.width = `${left}px`;
    this.head.style.width = `${left}px`;
    this.grid.setAttribute("aria-colcount", String(columns.length));
    this.active.column = Math.min(this.active.column, columns.length - 1);
    for (const element of this.shown.values()) element.remove();
    this.shown.clear();
    this.headRange = "";
  }

  rowAt(position) {
    return this.blocks.get(Math.floor(position / BLOCK))?.rows[position % BLOCK] ?? null;
  }

  /** Replaces an edited row. */
  replace(position, row) {
    const block = this.blocks.get(Math.floor(position / BLOCK));
    if (block) block.rows[position % BLOCK] = row;
    this.draw();
  }

  visibleRows() {
    const top = this.grid.scrollTop;
    const height = this.grid.clientHeight - this.head.offsetHeight;
    const start = Math.max(0, Math.floor(top / ROW_HEIGHT) - OVERSCAN);
    return { start, end: Math.min(this.count, Math.ceil((top + height) / ROW_HEIGHT) + OVERSCAN) };
  }

  /** The columns that are not pinned and at least partly visible. */
  visibleColumns() {
    const left = this.grid.scrollLeft;
    const right = left + this.grid.clientWidth;
    const visible = this.columns.filter((column) => !column.isPinned && column.left + column.width > left && column.left < right);
    return visible.length > 0 ? { first: visible[0].index, last: visible.at(-1).index } : { first: 0, last: -1 };
  }

  draw() {
    if (this.columns.length === 0) return;
    const rows = this.visibleRows();
    const range = this.visibleColumns();
    this.fetch(rows);
    this.drawHead(range);
    for (const [position, element] of this.shown) {
      if ((position < rows.start || position >= rows.end) && position !== this.editing?.position) {
        element.remove();
        this.shown.delete(position);
      }
    }
    for (let position = rows.start; position < rows.end; position += 1) this.drawRow(position, range);
    this.pointToActive();
  }

  /** Requests the blocks that are visible and not current. */
  fetch({ start, end }) {
    for (let index = Math.floor(start / BLOCK); index * BLOCK < end; index += 1) {
      const block = this.blocks.get(index);
      if (block && (block.version === this.version || block.isComing)) continue;
      const next = block ?? { rows: [], version: -1 };
      this.blocks.set(index, next);
      this.ask(index, next);
    }
    if (this.blocks.size > BLOCKS_MAX) this.forget(start, end);
  }

  async ask(index, block) {
    const { version } = this;
    block.isComing = true;
    const rows = await this.source.rows(index * BLOCK, (index + 1) * BLOCK);
    block.isComing = false;
    if (this.blocks.get(index) !== block) return;
    block.rows = rows.map((row, place) => unchanged(block.rows[place], row));
    block.version = version;
    this.draw();
    if (index === Math.floor(this.active.position / BLOCK)) this.tellActive();
  }

  forget(start, end) {
    for (const index of this.blocks.keys()) {
      if ((index + 1) * BLOCK < start || index * BLOCK > end) this.blocks.delete(index);
    }
  }

  drawHead(range) {
    const key = `${range.first}-${range.last}`;
    if (this.headRange === key) return;
    this.headRange = key;
    const row = document.createElement("div");
    row.className = "grid-row";
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", "1");
    for (const column of this.columnsIn(range)) {
      const cell = this.place(document.createElement("div"), column);
      cell.setAttribute("role", "columnheader");
      cell.textContent = column.title;
      cell.title = column.isSent ? column.title : `${column.title}: not sent`;
      cell.classList.toggle("not-sent", !column.isSent);
      row.append(cell);
    }
    this.head.replaceChildren(row);
  }

  columnsIn(range) {
    return this.columns.filter(({ isPinned, index }) => isPinned || (index >= range.first && index <= range.last));
  }

  place(cell, column) {
    cell.className = column.isPinned ? "cell pinned" : "cell";
    cell.style.width = `${column.width}px`;
    cell.style.left = `${column.left}px`;
    cell.setAttribute("aria-colindex", String(column.index + 1));
    return cell;
  }

  drawRow(position, range) {
    const row = this.rowAt(position);
    const key = `${range.first}-${range.last}`;
    let element = this.shown.get(position);
    if (element && element.shownRow === row && element.shownKey === key) return;
    if (element && this.editing?.position === position) return;
    if (!element) {
      element = document.createElement("div");
      element.setAttribute("role", "row");
      element.setAttribute("aria-rowindex", String(position + 2));
      element.style.top = `${position * ROW_HEIGHT}px`;
      element.position = position;
      this.shown.set(position, element);
      this.insert(element);
    }
    element.shownRow = row;
    element.shownKey = key;
    element.className = `grid-row ${position % 2 ? "odd" : "even"} ${row ? row.state : "waiting"}`;
    element.replaceChildren(...this.columnsIn(range).map((column) => this.cell(position, row, column)));
  }

  /** Keeps rows in document order, for screen readers that read it. */
  insert(element) {
    const after = [...this.body.children].find((other) => other.position > element.position);
    this.body.insertBefore(element, after ?? null);
  }

  cell(position, row, column) {
    const cell = this.place(document.createElement("div"), column);
    cell.id = `cell-${position}-${column.index}`;
    cell.setAttribute("role", column.isRowHeader ? "rowheader" : "gridcell");
    cell.dataset.column = String(column.index);
    if (row) paintCell(cell, row, column);
    return cell;
  }

  // ------------------------------------------------------------------------------------------------ the active cell

  pointToActive() {
    this.body.querySelector(".cell.active")?.classList.remove("active");
    const cell = this.activeCell();
    if (!cell) {
      this.grid.removeAttribute("aria-activedescendant");
      return;
    }
    cell.classList.add("active");
    this.grid.setAttribute("aria-activedescendant", cell.id);
  }

  activeCell() {
    return document.getElementById(`cell-${this.active.position}-${this.active.column}`);
  }

  tellActive() {
    this.onActive(this.rowAt(this.active.position), this.columns[this.active.column]);
  }

  /** Activates a cell and scrolls it into view. */
  goTo(position, column) {
    this.active = {
      position: Math.max(0, Math.min(position, this.count - 1)),
      column: Math.max(0, Math.min(column, this.columns.length - 1)),
    };
    this.reveal();
    this.draw();
    this.tellActive();
  }

  /** The grid column of a file column; -1 is the column that shows the row's problems. */
  gridColumn(cellIndex) {
    const index = this.columns.findIndex((column) => column.cellIndex === cellIndex);
    return index >= 0 ? index : this.columns.findIndex(({ id }) => id === "problems");
  }

  reveal() {
    const { position, column } = this.active;
    const top = position * ROW_HEIGHT;
    const height = this.grid.clientHeight - this.head.offsetHeight;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    else if (top + ROW_HEIGHT > this.grid.scrollTop + height) this.grid.scrollTop = top + ROW_HEIGHT - height;
    const { left, width, isPinned } = this.columns[column];
    if (isPinned) {
      this.grid.scrollLeft = 0;
      return;
    }
    const free = this.grid.clientWidth - this.pinnedWidth;
    if (left - this.pinnedWidth < this.grid.scrollLeft) this.grid.scrollLeft = left - this.pinnedWidth;
    else if (left + width > this.grid.scrollLeft + this.pinnedWidth + free) this.grid.scrollLeft = left + Math.min(width, free) - this.pinnedWidth - free;
  }

  onKey(event) {
    if (this.editing || event.altKey) return;
    const move = this.moveOf(event);
    if (move) this.goTo(move[0], move[1]);
    else if (event.key === "Enter" || event.key === "F2") this.edit();
    else if (event.key === "F8") this.onNextProblem();
    else if (event.key === "Escape") this.onLeave();
    else return;
    event.preventDefault();
  }

  /** The cell that a key moves to, or null if it moves nowhere. */
  moveOf({ key, ctrlKey, metaKey }) {
    const { position, column } = this.active;
    const page = Math.max(1, Math.floor(this.grid.clientHeight / ROW_HEIGHT) - 2);
    const far = ctrlKey || metaKey;
    const moves = {
      ArrowDown: [far ? this.count - 1 : position + 1, column],
      ArrowUp: [far ? 0 : position - 1, column],
      ArrowRight: [position, far ? this.columns.length - 1 : column + 1],
      ArrowLeft: [position, far ? 0 : column - 1],
      PageDown: [position + page, column],
      PageUp: [position - page, column],
      Home: [far ? 0 : position, 0],
      End: [far ? this.count - 1 : position, this.columns.length - 1],
    };
    return moves[key] ?? null;
  }

  cellAt(target) {
    const cell = target.closest(".cell[data-column]");
    return cell && this.body.contains(cell) ? cell : null;
  }

  onClick(event) {
    const cell = this.cellAt(event.target);
    if (!cell || this.editing?.input === event.target) return;
    this.commitEdit();
    this.goTo(cell.parentElement.position, Number(cell.dataset.column));
    if (event.target.closest(".link")) this.edit();
  }

  // ------------------------------------------------------------------------------------------------ editing

  /** Enter: edits the cell in place if possible, otherwise opens its content. */
  edit() {
    const { position } = this.active;
    const column = this.columns[this.active.column];
    const row = this.rowAt(position);
    const cell = this.activeCell();
    if (!row || !cell || this.editing) return;
    if (row.isLocked || !column.isEditable) {
      this.onOpen(row, column, position);
      return;
    }
    const input = document.createElement("input");
    input.type = "text";
    input.value = row.cells[column.cellIndex] ?? "";
    input.setAttribute("aria-label", `${column.title}, row ${row.number}`);
    const description = describeCell(row, column);
    if (description) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", `${cell.id}-says`);
    }
    input.spellcheck = false;
    const says = cell.querySelector("[hidden]");
    cell.replaceChildren(input, ...(says ? [says] : []));
    cell.classList.add("editing");
    this.editing = { position, column, row, input };
    input.addEventListener("keydown", (event) => this.onEditKey(event));
    input.addEventListener("blur", () => this.commitEdit());
    input.focus();
    input.select();
  }

  onEditKey(event) {
    if (event.key === "Enter") this.commitEdit();
    else if (event.key === "Escape") this.cancelEdit();
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.grid.focus({ preventScroll: true });
  }

  cancelEdit() {
    if (!this.editing) return;
    const { position } = this.editing;
    this.editing = null;
    this.redraw(position);
  }

  async commitEdit() {
    if (!this.editing) return;
    const { position, column, row, input } = this.editing;
    this.editing = null;
    if (input.value !== (row.cells[column.cellIndex] ?? "")) {
      const changed = await this.onEdit(row, column.cellIndex, input.value);
      if (changed) this.replace(position, changed);
    }
    this.redraw(position);
    this.tellActive();
  }

  redraw(position) {
    const element = this.shown.get(position);
    if (element) element.shownKey = null;
    this.draw();
  }
}

/** The displayed row if it is equal, so that it is not redrawn. */
function unchanged(before, row) {
  return before && JSON.stringify(before) === JSON.stringify(row) ? before : row;
}
