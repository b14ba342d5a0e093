// marks the section that is being read in the list of contents
(() => {
  const links = [...document.querySelectorAll(".beside a")];
  const heads = links.map(link => document.getElementById(decodeURIComponent(link.hash.slice(1))));
  const mark = () => {
    const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
    const passed = heads.filter(head => head.getBoundingClientRect().top < innerHeight / 4).length;
    const current = atEnd ? links.length - 1 : passed - 1;
    links.forEach((link, number) => {
      if (number === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  };
  addEventListener("scroll", mark, { passive: true });
  addEventListener("resize", mark);
  mark();
})();
