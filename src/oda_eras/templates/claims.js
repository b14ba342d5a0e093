// filters the list of claims; shown only where it works
(() => {
  const form = document.querySelector(".filters");
  const claims = [...document.querySelectorAll(".claim")];
  const texts = new Map(claims.map(claim => [claim, claim.textContent.toLowerCase()]));
  const show = () => {
    const { words, ...chosen } = Object.fromEntries(new FormData(form));
    const wanted = words.toLowerCase().split(/\s+/);
    for (const claim of claims) {
      const fits = Object.entries(chosen).every(([name, value]) => !value || claim.dataset[name] === value);
      claim.hidden = !fits || !wanted.every(word => texts.get(claim).includes(word));
    }
    for (const group of document.querySelectorAll("main section"))
      group.hidden = !group.querySelector(".claim:not([hidden])");
    const shown = claims.filter(claim => !claim.hidden).length;
    form.querySelector("output").textContent = `${shown} of ${claims.length} claims`;
  };
  // a link to a claim shows it, with its evidence
  const open = () => {
    const claim = document.getElementById(location.hash.slice(1));
    if (!claim?.matches(".claim")) return;
    if (claim.hidden) { form.reset(); show(); }
    const evidence = claim.querySelector("details");
    if (evidence) evidence.open = true;
    claim.scrollIntoView();
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  addEventListener("hashchange", open);
  form.hidden = false;
  show();
  open();
})();
