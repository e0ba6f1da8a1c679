// What this browser remembers; nothing breaks where it may not.
export function kept(name, otherwise) {
  try { return JSON.parse(localStorage.getItem(`redress:${name}`)) ?? otherwise; } catch { return otherwise; }
}

export function keep(name, value) {
  try {
    const empty = value === null || (Array.isArray(value) && !value.length);
    if (empty) localStorage.removeItem(`redress:${name}`);
    else localStorage.setItem(`redress:${name}`, JSON.stringify(value));
  } catch { /* storage full or refused */ }
}
