export default function Page() {
  return <main>Begin a chat, or choose one.</main>;
}
