// The checks that JSON Schema cannot express, in plain JavaScript. The validator's peer runs them after ajv, so that
// both make the same decisions. Amounts are compared in ten-thousandths, because binary fractions do not multiply
// exactly.

const DEFAULT_CURRENCY = "USD";

/** The cross-field findings of a parsed body that ajv has checked; skips parts with the wrong shape. */
export function crossField(body) {
  const findings = [];
  const safeIds = new Map();
  const orders = Array.isArray(body?.bulk) ? body.bulk : [];
  for (let index = 0; index < orders.length; index += 1) {
    const order = orders[index];
    if (isObject(order)) {
      checkSafeId(order.safeId, index, safeIds, findings);
      checkItems(order, index, findings);
      checkTotal(order, index, findings);
    }
  }
  return findings;
}

function checkSafeId(safeId, index, safeIds, findings) {
  if (typeof safeId !== "string") return;
  const first = safeIds.get(safeId);
  if (first === undefined) {
    safeIds.set(safeId, index);
  } else {
    findings.push({ pointer: `/bulk/${index}/safeId`, message: `is also the \`safeId\` of \`/bulk/${first}\`` });
  }
}

function checkItems({ items }, index, findings) {
  if (!Array.isArray(items)) return;
  for (let place = 0; place < items.length; place += 1) {
    const item = items[place];
    // A missing or invalid price or quantity gives no product.
    if (item?.customerSubtotal == null || item.customerPrice == null || !(item.quantity > 0)) continue;
    const expected = units(item.customerPrice * item.quantity);
    if (units(item.customerSubtotal) !== expected) {
      const pointer = `/bulk/${index}/items/${place}/customerSubtotal`;
      findings.push({ pointer, message: `should be \`customerPrice\` × \`quantity\` = ${expected / 10_000}` });
    }
  }
}

function checkTotal(order, index, findings) {
  if (order.customerTotal == null || !Array.isArray(order.customerPaymentMethods)) return;
  const expected = transactions(order);
  if (expected !== undefined && units(order.customerTotal) !== expected) {
    const message = `should be the sum of the \`customerTransactions\` = ${expected / 10_000}`;
    findings.push({ pointer: `/bulk/${index}/customerTotal`, message });
  }
}

/** The sum of an order's transactions; undefined without transactions, or if one has no total or another currency. */
function transactions(order) {
  const currency = order.currencyCode ?? DEFAULT_CURRENCY;
  let sum;
  for (const method of order.customerPaymentMethods) {
    for (const transaction of method?.customerTransactions ?? []) {
      if (transaction?.total == null || !isSame(transaction.currencyCode ?? currency, currency)) return undefined;
      sum = (sum ?? 0) + units(transaction.total);
    }
  }
  return sum;
}

function isSame(left, right) {
  return left === right || String(left).toUpperCase() === String(right).toUpperCase();
}

function units(amount) {
  return Math.round(amount * 10_000);
}

function isObject(value) {
  return typeof value === "object" && value !== null;
}
