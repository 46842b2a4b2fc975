/** Takes an item out of a list; false where it was not in it. */
export const without = <A>(list: Array<A>, item: A): boolean => {
  const index = list.indexOf(item)
  if (index < 0) return false
  list.splice(index, 1)
  return true
}
